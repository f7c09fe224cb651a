import { assertEquals } from "@std/assert";
import { AF_INET, AF_INET6 } from "../../../../ffi/abi/socket.ts";
import {
  anyAddress,
  readSockaddr,
  scopeIdOf,
  sockaddrLen,
  SocketAddress,
  writeSockaddr,
} from "../../../../io/app/protocol/sockaddr.ts";
import {
  AF_UNSPEC,
  ANY_V4,
  ANY_V6,
  EAFNOSUPPORT,
  EINVAL,
  IpAddress,
} from "../../../../stack/mod.ts";

const PORT = 0x1f90;
const IN_BYTES = [2, 0, 0x1f, 0x90, 198, 18, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

function parse(text: string): IpAddress {
  return IpAddress.parse(text) as IpAddress;
}

function read(bytes: number[], domain: number, len = bytes.length): [number, string] {
  const out = new SocketAddress();
  const dv = new DataView(new Uint8Array(bytes).buffer);
  const result = readSockaddr(dv, 0, len, domain, out);
  return [result, `${out.family} ${out.addr} ${out.port}`];
}

function write(domain: number, text: string): Uint8Array {
  const bytes = new Uint8Array(40).fill(0xa5);
  const len = writeSockaddr(bytes, 4, domain, parse(text), PORT);
  assertEquals(len, sockaddrLen(domain));
  assertEquals([bytes[3], bytes[4 + len]], [0xa5, 0xa5]);
  return bytes.slice(4, 4 + len);
}

Deno.test("sockaddr_in goes both ways, every byte written", () => {
  assertEquals(read(IN_BYTES, AF_INET), [0, `2 198.18.0.1 ${PORT}`]);
  assertEquals([...write(AF_INET, "198.18.0.1")], IN_BYTES);
});

Deno.test("sockaddr_in6: native and v4-mapped", () => {
  const bytes = write(AF_INET6, "2001:db8::1");
  assertEquals([...bytes.slice(0, 4)], [10, 0, 0x1f, 0x90]);
  assertEquals(read([...bytes], AF_INET6), [0, `10 2001:db8::1 ${PORT}`]);
  const mapped = write(AF_INET6, "198.18.0.1");
  assertEquals([...mapped.slice(8, 24)], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 18, 0, 1]);
  assertEquals(read([...mapped], AF_INET6), [0, `10 198.18.0.1 ${PORT}`]);
});

Deno.test("sockaddr: the wildcard of AF_INET6 is ::, also when the stack says 0.0.0.0", () => {
  assertEquals([...write(AF_INET6, "0.0.0.0").slice(8, 24)], new Array(16).fill(0));
  assertEquals(anyAddress(AF_INET6), ANY_V6);
  assertEquals(anyAddress(AF_INET), ANY_V4);
});

Deno.test("sockaddr: what Linux refuses", () => {
  assertEquals(read(IN_BYTES, AF_INET, 15)[0], -EINVAL);
  assertEquals(read(IN_BYTES, AF_INET, 1)[0], -EINVAL);
  assertEquals(read([...write(AF_INET6, "::1")], AF_INET6, 23)[0], -EINVAL);
  assertEquals(read([...write(AF_INET6, "::1")], AF_INET6, 24)[0], 0);
  assertEquals(read([...write(AF_INET6, "::1")], AF_INET)[0], -EAFNOSUPPORT);
  assertEquals(read([1, 0, ...IN_BYTES.slice(2)], AF_INET)[0], -EAFNOSUPPORT);
});

Deno.test("sockaddr: AF_INET on an AF_INET6 socket, and AF_UNSPEC", () => {
  assertEquals(read(IN_BYTES, AF_INET6), [0, `2 198.18.0.1 ${PORT}`]);
  assertEquals(read(IN_BYTES, AF_INET6, 15)[0], -EINVAL);
  const [result, text] = read([AF_UNSPEC, 0], AF_INET);
  assertEquals([result, text[0]], [0, "0"]);
});

Deno.test("sockaddr_in6: the scope of an address of one link, and of no other", () => {
  const bytes = new Uint8Array(28);
  writeSockaddr(bytes, 0, AF_INET6, parse("fe80::1"), PORT, 3);
  assertEquals([...bytes.slice(24)], [3, 0, 0, 0]);
  const out = new SocketAddress();
  const dv = new DataView(bytes.buffer);
  assertEquals([readSockaddr(dv, 0, 28, AF_INET6, out), out.scopeId], [0, 3]);
  assertEquals([readSockaddr(dv, 0, 24, AF_INET6, out), out.scopeId], [0, 0], "RFC 2133's");
  writeSockaddr(bytes, 0, AF_INET6, parse("2001:db8::1"), PORT, 3);
  assertEquals([...bytes.slice(24)], [0, 0, 0, 0]);
});

Deno.test("scope of a socket: what it is tied to, or whose address it has", () => {
  const addr = parse("fe80::2");
  const findAddress = (asked: IpAddress) => asked.equals(addr) ? {} : null;
  const stack = { interfaces: [{ index: 2, findAddress }] } as never;
  const socket = (ifIndex: number, local: string) =>
    ({ options: { ifIndex }, local: () => ({ addr: parse(local), port: 1 }) }) as never;
  assertEquals(scopeIdOf(stack, socket(7, "fe80::2")), 7);
  assertEquals(scopeIdOf(stack, socket(0, "fe80::2")), 2);
  assertEquals(scopeIdOf(stack, socket(0, "fe80::3")), 0);
  assertEquals(scopeIdOf(stack, socket(0, "2001:db8::1")), 0);
});
