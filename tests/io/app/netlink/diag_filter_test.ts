import { assert, assertEquals } from "@std/assert";
import { BC } from "../../../../ffi/abi/inet_diag.ts";
import { DiagFilter, type Filtered } from "../../../../io/app/netlink/diag_filter.ts";
import { IpAddress } from "../../../../stack/mod.ts";

const SOCKET: Filtered = {
  local: IpAddress.v4(0xc6120002),
  localPort: 40000,
  remote: IpAddress.v4(0xc6120001),
  remotePort: 80,
  ifIndex: 2,
  mark: 0x15,
  isPortAutomatic: true,
};

function matches(code: readonly number[], socket: Partial<Filtered> = {}): boolean {
  const filter = DiagFilter.of(Uint8Array.from(code));
  assert(filter !== null, "no filter");
  return filter.matches({ ...SOCKET, ...socket });
}

/** A step of `len` bytes that ends the program: to its end, or past it. */
const last = (code: number, len: number) => [code, len, len + 4, 0];
const port = (n: number) => [0, 0, n & 0xff, n >> 8];

Deno.test("ports: equal, at least, at most", () => {
  const compare = (code: number, n: number) => matches([...last(code, 8), ...port(n)]);
  assertEquals([compare(BC.D_EQ, 80), compare(BC.D_EQ, 81)], [true, false]);
  assertEquals([compare(BC.S_EQ, 40000), compare(BC.S_EQ, 80)], [true, false]);
  assertEquals([compare(BC.D_GE, 80), compare(BC.D_GE, 81)], [true, false]);
  assertEquals([compare(BC.D_LE, 80), compare(BC.D_LE, 79)], [true, false]);
  assertEquals([compare(BC.S_GE, 40000), compare(BC.S_GE, 40001)], [true, false]);
  assertEquals([compare(BC.S_LE, 40000), compare(BC.S_LE, 39999)], [true, false]);
});

function host(code: number, prefixLen: number, wanted: number, addr: readonly number[]) {
  const family = addr.length === 4 ? 2 : 10;
  const bytes = [...new Uint8Array(Int32Array.of(wanted).buffer)];
  const len = 4 + 8 + addr.length;
  return [...last(code, len), family, prefixLen, 0, 0, ...bytes, ...addr];
}

Deno.test("hosts: by prefix and port, IPv4 and mapped", () => {
  assert(matches(host(BC.D_COND, 32, -1, [198, 18, 0, 1])));
  assert(!matches(host(BC.D_COND, 32, -1, [198, 18, 0, 2])));
  assert(matches(host(BC.S_COND, 16, 40000, [198, 18, 99, 99])));
  assert(!matches(host(BC.S_COND, 16, 80, [198, 18, 99, 99])));
  assert(matches(host(BC.D_COND, 0, 80, [0, 0, 0, 0])));
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 18, 0, 0];
  assert(matches(host(BC.D_COND, 112, -1, mapped)));
  assert(!matches(host(BC.D_COND, 128, -1, mapped)));
});

Deno.test("devices, marks, ports that nobody chose", () => {
  assert(matches([...last(BC.DEV_COND, 8), 2, 0, 0, 0]));
  assert(!matches([...last(BC.DEV_COND, 8), 3, 0, 0, 0]));
  assert(matches([...last(BC.MARK_COND, 12), 5, 0, 0, 0, 0x0f, 0, 0, 0]));
  assert(!matches([...last(BC.MARK_COND, 12), 5, 0, 0, 0, 0xff, 0, 0, 0]));
  assert(matches(last(BC.AUTO, 4)));
  assert(!matches(last(BC.AUTO, 4), { isPortAutomatic: false }));
});

Deno.test("and, or, not: by jumps", () => {
  // dport = 80 or dport = 443
  const either = [
    ...[BC.D_EQ, 8, 12, 0, ...port(80)],
    ...[BC.JMP, 4, 12, 0],
    ...last(BC.D_EQ, 8),
    ...port(443),
  ];
  assert(matches(either));
  assert(matches(either, { remotePort: 443 }));
  assert(!matches(either, { remotePort: 22 }));
  assert(matches(last(BC.NOP, 4)));
});

Deno.test("what is no program that comes to an end is refused", () => {
  const refused = (...code: number[]) => DiagFilter.of(Uint8Array.from(code)) === null;
  assert(refused());
  assert(refused(BC.AUTO, 0, 8, 0), "stands still");
  assert(refused(BC.AUTO, 4, 0, 0), "stands still on a no");
  assert(refused(BC.AUTO, 4, 64, 0), "leads beyond the end");
  assert(refused(BC.AUTO, 6, 8, 0), "leads into a step");
  assert(refused(BC.S_EQ, 8, 4, 0, ...port(80)), "leads into an operand on a no");
  assert(refused(BC.D_EQ, 4, 8, 0), "has no operand");
  assert(refused(99, 4, 8, 0), "is no step");
  assert(refused(...host(BC.D_COND, 33, -1, [198, 18, 0, 1])), "a longer prefix than address");
  assert(refused(BC.AUTO, 4), "is cut off");
});
