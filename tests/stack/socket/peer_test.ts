import { assertEquals } from "@std/assert";
import { EDESTADDRREQ, IpAddress } from "../../../stack/mod.ts";
import { SocketOptions } from "../../../stack/base/socket_options.ts";
import { Destination } from "../../../stack/socket/destination.ts";
import { Peer } from "../../../stack/socket/peer.ts";
import type { SocketEnv } from "../../../stack/socket/socket_env.ts";
import type { Route } from "../../../stack/base/network.ts";
import { ip } from "../net_fixture.ts";

Deno.test("the way to the peer is kept while it is valid; its source stays", () => {
  const asked: string[] = [];
  const route = { dst: ip("10.0.0.1"), src: ip("10.0.0.9"), valid: true } as unknown as Route;
  const network = {
    route: (dst: IpAddress, src: IpAddress | null) => {
      asked.push(`${dst} from ${src}`);
      return route;
    },
  };
  const peer = new Peer(new Destination({ network } as unknown as SocketEnv, new SocketOptions()));
  assertEquals(peer.route(), -EDESTADDRREQ);
  peer.set(route, 7);
  assertEquals([peer.route() === route, asked], [true, []]);
  (route as { valid: boolean }).valid = false;
  peer.route();
  peer.forgetRoute();
  peer.route();
  assertEquals(asked, ["10.0.0.1 from 10.0.0.9", "10.0.0.1 from 10.0.0.9"]);
  peer.clear();
  assertEquals([peer.route(), peer.addr, peer.port, peer.source], [-EDESTADDRREQ, null, 0, null]);
});
