import { assertEquals } from "@std/assert";
import { type NetlinkEntry, NetlinkSockets } from "../../../../io/app/netlink/netlink_sockets.ts";

const ROUTE = 0;
const DIAG = 4;
const TOP = 4_294_963_199;

Deno.test("netlink sockets: by cookie, and a number each in its family", () => {
  const sockets = new NetlinkSockets<NetlinkEntry>();
  const closed: number[] = [];
  const entry = (cookie: number, family: number, portId: number): NetlinkEntry => ({
    cookie,
    family,
    portId,
    close: () => {
      closed.push(cookie);
      sockets.remove(entry(cookie, family, portId));
    },
  });
  assertEquals([sockets.get(1), sockets.freePortId(ROUTE, 0)], [null, TOP]);
  const first = entry(1, ROUTE, 4711);
  sockets.add(first);
  sockets.add(entry(2, ROUTE, TOP));
  sockets.add(entry(3, DIAG, TOP - 1));
  assertEquals(sockets.get(1), first);
  assertEquals([sockets.isTaken(ROUTE, 4711), sockets.isTaken(DIAG, 4711)], [true, false]);
  assertEquals(sockets.isTaken(ROUTE, TOP - 1), false);
  assertEquals([sockets.freePortId(ROUTE, 4711), sockets.freePortId(DIAG, 4711)], [TOP - 1, 4711]);
  assertEquals([sockets.freePortId(ROUTE, 0), sockets.freePortId(DIAG, 0)], [TOP - 1, TOP]);
  sockets.remove(first);
  assertEquals([sockets.get(1), sockets.freePortId(ROUTE, 4711)], [null, 4711]);
  sockets.closeAll();
  assertEquals([closed, sockets.get(2), sockets.get(3)], [[2, 3], null, null]);
});
