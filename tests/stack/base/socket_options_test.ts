import { assertEquals } from "@std/assert";
import { SocketOptions } from "../../../stack/base/socket_options.ts";

Deno.test("a fresh socket has Linux's defaults", () => {
  const o = new SocketOptions();
  assertEquals([o.ttl, o.multicastTtl, o.multicastLoop, o.multicastAll], [-1, 1, true, true]);
  assertEquals([o.mtuDiscover, o.receiveLowat, o.v6Only, o.broadcast], [1, 1, false, false]);
});
