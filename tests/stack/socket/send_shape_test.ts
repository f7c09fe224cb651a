import { assertEquals } from "@std/assert";
import {
  DGRAM_EXTRAS_LEN_OFF,
  DGRAM_HAS_EXTRAS,
  ENETUNREACH,
  EPERM,
  setOption,
} from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { controlMessage } from "../../../stack/socket/ancillary.ts";
import { useFlowLabel } from "../../../stack/socket/scope.ts";
import { bytesOf, Host, ip, PEER_ADDR } from "../net_fixture.ts";
import { concat, Host6, PEER_ADDR6 } from "../v6_fixture.ts";

type Socket = ReturnType<Host["datagram"]>;

const HEADER = Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0);

/** Sends one byte, with control messages; what send gives less these. */
function send(host: Host6, socket: Socket, messages: Uint8Array): number {
  const payload = concat(messages, bytesOf(1));
  const fill = (dv: DataView, off: number) =>
    dv.setUint16(off + DGRAM_EXTRAS_LEN_OFF, messages.length, true);
  const result = host.send(socket, payload, PEER_ADDR6, 9, DGRAM_HAS_EXTRAS, fill);
  return result < 0 ? result : result - messages.length;
}

Deno.test("control messages shape one datagram, and no other", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  socket.grantRaw();
  const messages = concat(controlMessage(41, 54, HEADER), controlMessage(41, 11, bytesOf(4, 5)));
  assertEquals(send(host, socket, messages), 1);
  const { header } = host.sentOne6();
  const [, b, c, d] = bytesOf(4, 5);
  assertEquals([header.nextHeader, header.flowLabel], [0, ((b & 15) << 16) | (c << 8) | d]);
  assertEquals(host.send(socket, bytesOf(1), PEER_ADDR6, 9), 1);
  assertEquals(host.sentOne6().header.nextHeader, 17);
});

Deno.test("headers of one's own take CAP_NET_RAW", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  assertEquals(send(host, socket, controlMessage(41, 54, HEADER)), -EPERM);
  assertEquals(host.sent6(), []);
});

Deno.test("sin6_flowinfo says the label with IPV6_FLOWINFO_SEND only; AUTOFLOWLABEL", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  const named = controlMessage(41, 33, Uint8Array.of(0, 1, 2, 3));
  const label = () => {
    assertEquals(send(host, socket, named), 1);
    return host.sentOne6().header.flowLabel;
  };
  assertEquals(label() === 0x10203, false);
  assertEquals(setOption(socket, 41, 33, intBytes(1), host.nowUs), 0);
  assertEquals(label(), 0x10203);
  assertEquals(setOption(socket, 41, 70, intBytes(0), host.nowUs), 0);
  host.send(socket, bytesOf(1), PEER_ADDR6, 9);
  assertEquals(host.sentOne6().header.flowLabel, 0);
  useFlowLabel(socket as never, 0x777); // connect() has been told
  host.send(socket, bytesOf(1), PEER_ADDR6, 9);
  assertEquals(host.sentOne6().header.flowLabel, 0x777);
});

Deno.test("IPV6_DONTFRAG of one datagram", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  const messages = (value: number) =>
    concat(controlMessage(41, 62, intBytes(value)), bytesOf(1600));
  const longer = (value: number) => {
    const all = messages(value);
    const fill = (dv: DataView, off: number) => dv.setUint16(off + DGRAM_EXTRAS_LEN_OFF, 24, true);
    return host.send(socket, all, PEER_ADDR6, 9, DGRAM_HAS_EXTRAS, (dv, off) => {
      fill(dv, off);
    });
  };
  assertEquals(longer(1), -90);
  assertEquals(longer(0) > 0, true);
  assertEquals(host.sent6().length, 2);
});

Deno.test("a source route: to its first hop; a strict one must be a neighbour", () => {
  const host = new Host();
  const { iface } = host;
  const dst = ip("0.0.0.0");
  host.stack.addRoute({ dst, prefixLen: 0, gateway: PEER_ADDR, ifIndex: iface.index });
  const socket = host.datagram(2, 17);
  socket.grantRaw();
  const route = (kind: number, hop: string) =>
    Uint8Array.of(kind, 7, 4, ...hop.split(".").map(Number));
  assertEquals(setOption(socket, 0, 4, route(131, "198.18.0.1"), host.nowUs), 0);
  assertEquals(host.send(socket, bytesOf(1), ip("203.0.113.9"), 9), 1);
  const { bytes } = host.sentOne();
  assertEquals([...bytes.slice(30, 34)], [198, 18, 0, 1]);
  assertEquals([...bytes.slice(34, 42)], [131, 7, 4, 203, 0, 113, 9, 0]);
  assertEquals(setOption(socket, 0, 4, route(137, "203.0.113.1"), host.nowUs), 0);
  assertEquals(host.send(socket, bytesOf(1), PEER_ADDR, 9), -ENETUNREACH);
});
