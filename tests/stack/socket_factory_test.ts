import { assert, assertEquals } from "@std/assert";
import { Host } from "./net_fixture.ts";

const [EINVAL, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EAFNOSUPPORT] = [22, 93, 94, 97];

Deno.test("socket factory: the kinds there are, in both families", () => {
  const { stack } = new Host();
  const kindOf = (domain: number, type: number, protocol: number) => {
    const socket = stack.socket(domain, type, protocol);
    assert(typeof socket !== "number");
    return `${socket.constructor.name} ${socket.domain} ${socket.protocol}`;
  };
  assertEquals(kindOf(10, 1, 0), "TcpStreamSocket 10 6");
  assertEquals(kindOf(10, 2, 0), "UdpSocket 10 17");
  assertEquals(kindOf(10, 2, 58), "PingSocket 10 58");
  assertEquals(kindOf(2, 2, 1), "PingSocket 2 1");
  assertEquals(kindOf(10, 3, 58), "RawSocket 10 58");
  assertEquals(kindOf(2, 3, 1), "RawSocket 2 1");
});

Deno.test("socket factory: what there is not", () => {
  const { stack } = new Host();
  const cases: [number, number, number, number][] = [
    [1, 1, 0, EAFNOSUPPORT],
    [10, 11, 0, EINVAL],
    [10, 1, 256, EINVAL],
    [10, 5, 0, ESOCKTNOSUPPORT],
    [10, 1, 17, EPROTONOSUPPORT],
    [10, 2, 1, EPROTONOSUPPORT],
    [2, 2, 58, EPROTONOSUPPORT],
    [10, 3, 0, EPROTONOSUPPORT],
  ];
  for (const [domain, type, protocol, errno] of cases) {
    assertEquals(stack.socket(domain, type, protocol), -errno, `${domain} ${type} ${protocol}`);
  }
});
