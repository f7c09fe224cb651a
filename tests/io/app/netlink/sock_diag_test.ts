/**
 * What ss asks, as bytes, and what a stack answers.
 */
import { assert, assertEquals } from "@std/assert";
import { BC, INET_DIAG, INET_DIAG_REQ_BYTECODE } from "../../../../ffi/abi/inet_diag.ts";
import { NETLINK_SOCK_DIAG } from "../../../../ffi/abi/netlink.ts";
import type { NetlinkRequest } from "../../../../io/app/netlink/message.ts";
import { ANY_V4, EINVAL, ENOENT, IpAddress, type StreamSocket } from "../../../../stack/mod.ts";
import { Host } from "../../../stack/net_fixture.ts";
import { ask, listed, messagesIn, sourceOfStack } from "./asking.ts";

const SOCK_DIAG_BY_FAMILY = 20;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const TCP = 6;
const UDP = 17;
const ALL = 0xfff;
const ANSWER_LEN = 72;

interface Wanted {
  readonly family?: number;
  readonly protocol?: number;
  readonly ext?: number;
  readonly states?: number;
  readonly code?: readonly number[];
  readonly flags?: number;
  readonly id?: Uint8Array;
}

function diag(host: Host, wanted: Wanted): NetlinkRequest[] | number {
  const { family = AF_INET, protocol = TCP, ext = 0, states = ALL, code, flags } = wanted;
  return listed(sourceOfStack(host.stack, host.nowUs), SOCK_DIAG_BY_FAMILY, (w) => {
    w.u8(family, protocol, ext, 0).u32(states).bytes(wanted.id ?? new Uint8Array(48));
    if (code !== undefined) w.attribute(INET_DIAG_REQ_BYTECODE, Uint8Array.from(code));
  }, { family: NETLINK_SOCK_DIAG, flags });
}

function found(host: Host, wanted: Wanted = {}): NetlinkRequest[] {
  const messages = diag(host, wanted);
  assert(typeof messages !== "number", `refused: ${messages}`);
  return messages;
}

function stream(host: Host, domain = AF_INET): StreamSocket {
  return host.stack.socket(domain, 1, 0) as StreamSocket;
}

/** A listener on port 80 and a connection to it over the loopback, which is not accepted. */
function connected(host: Host, domain = AF_INET): StreamSocket {
  const [listener, client] = [stream(host, domain), stream(host)];
  const any = domain === AF_INET ? ANY_V4 : IpAddress.fromWords(0, 0, 0, 0);
  assertEquals(listener.bind(any, 80, host.nowUs), 0);
  listener.listen(5, host.nowUs);
  client.bind(IpAddress.v4(0x7f000001), 5555, host.nowUs);
  client.connect(IpAddress.v4(0x7f000001), 80, host.nowUs);
  host.flush();
  return client;
}

const portOf = (m: NetlinkRequest, off: number) => m.u8(off) << 8 | m.u8(off + 1);
const ends = (m: NetlinkRequest) => [m.u8(1), portOf(m, 4), portOf(m, 6)];

Deno.test("inet_diag: all TCP sockets, byte for byte of the listener", () => {
  const host = new Host();
  connected(host);
  const messages = found(host);
  assertEquals(messages.map(ends), [[10, 80, 0], [1, 5555, 80], [1, 80, 5555]]);
  const [listener] = messages;
  // deno-fmt-ignore
  assertEquals([...listener.bytes.subarray(16)], [
    2, 10, 0, 0,
    0, 80, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
    0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0xe8, 3, 0, 0, 0x29, 0x23, 0, 0,
    5, 0, 8, 0, 0, 0, 0, 0,
  ]);
});

Deno.test("inet_diag: states, families, protocols", () => {
  const host = new Host();
  connected(host);
  assertEquals(found(host, { states: 1 << 10 }).map(ends), [[10, 80, 0]]);
  assertEquals(found(host, { states: 1 << 1 }).length, 2);
  assertEquals(found(host, { family: AF_INET6 }), []);
  assertEquals(found(host, { protocol: UDP }), []);
  assertEquals(diag(host, { family: AF_UNIX }), -ENOENT);
  assertEquals(diag(host, { protocol: 132 }), -ENOENT);
});

Deno.test("inet_diag: an AF_INET6 listener's IPv4 connection is a mapped one", () => {
  const host = new Host();
  connected(host, AF_INET6);
  const [listener, child] = found(host, { family: AF_INET6 });
  assertEquals([ends(listener), ends(child)], [[10, 80, 0], [1, 80, 5555]]);
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1];
  assertEquals([...child.bytes.subarray(16 + 8, 16 + 24)], mapped);
  assertEquals(listener.attributes(ANSWER_LEN)?.bytes(INET_DIAG.SKV6ONLY), Uint8Array.of(0));
});

Deno.test("inet_diag: the extensions that are asked for, and no others", () => {
  const host = new Host();
  connected(host);
  const all = [INET_DIAG.MEMINFO, INET_DIAG.INFO, INET_DIAG.CONG, INET_DIAG.SKMEMINFO];
  const ext = all.reduce((bits, n) => bits | 1 << (n - 1), 0);
  const [, client] = found(host, { ext });
  const attributes = client.attributes(ANSWER_LEN);
  assertEquals(attributes?.types.toSorted((a, b) => a - b), [...all, INET_DIAG.SHUTDOWN].sort());
  assertEquals(attributes?.text(INET_DIAG.CONG), host.stack.config.tcp.congestion);
  assertEquals(attributes?.bytes(INET_DIAG.INFO)?.[0], 1);
  const [, plain] = found(host);
  assertEquals(plain.attributes(ANSWER_LEN)?.types, [INET_DIAG.SHUTDOWN]);
});

Deno.test("inet_diag: a filter, and what is none", () => {
  const host = new Host();
  connected(host);
  // dport = 80, as ss 6.1 compiles it
  const isHttp = [BC.D_GE, 8, 20, 0, 0, 0, 80, 0, BC.D_LE, 8, 12, 0, 0, 0, 80, 0];
  assertEquals(found(host, { code: isHttp }).map(ends), [[1, 5555, 80]]);
  assertEquals(diag(host, { code: [99, 4, 8, 0] }), -EINVAL);
  assertEquals(diag(host, { code: [] }), -EINVAL);
});

Deno.test("inet_diag: one socket by its ends", () => {
  const host = new Host();
  connected(host);
  const [, client] = found(host);
  const id = client.bytes.slice(16 + 4, 16 + 52);
  const asked = { family: NETLINK_SOCK_DIAG, flags: 0 };
  assertEquals(found(host, { id, flags: 0 }).map(ends), [[1, 5555, 80]]);
  id[1]++;
  assertEquals(diag(host, { id, flags: 0 }), -ENOENT);
  const short = ask(
    sourceOfStack(host.stack, host.nowUs),
    SOCK_DIAG_BY_FAMILY,
    (w) => w.u8(AF_INET, TCP, 0, 0),
    asked,
  );
  assertEquals(messagesIn(short)[0].dv.getInt32(16, true), -EINVAL);
});
