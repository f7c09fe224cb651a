/**
 * Headers: read from and written to memory.
 *
 * @module
 */
import { emitIpv4, Ipv4Header, parseIpv4 } from "../../stack/wire/ipv4.ts";
import { emitTcp, parseTcp, TCP_ACK, TCP_PSH, TcpHeader } from "../../stack/wire/tcp.ts";
import {
  emitOptions,
  emitSynOptions,
  parseTcpOptions,
  TcpOptions,
} from "../../stack/wire/tcp_options.ts";
import { emitUdp, parseUdp, UdpHeader } from "../../stack/wire/udp.ts";
import { keep, mustBe } from "./measure.ts";

const PAYLOAD_LEN = 1448;
const IP_OFF = 14;
const TCP_OFF = 34;
const UDP_OFF = 2048;
const TIMESTAMPS_OFF = 2304;
const SACK_OFF = 2560;
const SYN_OFF = 2816;
const OUT_OFF = 4096;
const dv = new DataView(new ArrayBuffer(8192));
const left = Int32Array.of(1000, 4000, 8000);
const right = Int32Array.of(2000, 5000, 9000);

emitIpv4(dv, IP_OFF, 0, 52 + PAYLOAD_LEN, 1, 0x4000, 64, 6, 0x0a000001, 0x0a000002);
emitTcp(dv, TCP_OFF, 80, 40000, 1, 2, 32, TCP_ACK | TCP_PSH, 501, 0, 0);
emitUdp(dv, UDP_OFF, 53, 40000, 1032, 0x1234);
const timestampsLen = emitOptions(dv, TIMESTAMPS_OFF, true, 1, 2, 0, left, right);
const sackLen = emitOptions(dv, SACK_OFF, true, 1, 2, 3, left, right);
const synLen = emitSynOptions(dv, SYN_OFF, 1460, 7, true, true, 1, 2, null);

const ip = new Ipv4Header();
const tcp = new TcpHeader();
const udp = new UdpHeader();
const options = new TcpOptions();
mustBe(parseIpv4(dv, IP_OFF, 52 + PAYLOAD_LEN, true, ip), 0, "IPv4");
mustBe(parseTcp(dv, TCP_OFF, 32 + PAYLOAD_LEN, tcp), 0, "TCP");
mustBe(parseUdp(dv, UDP_OFF, 1032, udp), 0, "UDP");
mustBe(parseTcpOptions(dv, SACK_OFF, sackLen, false, options), 0, "options");

Deno.bench({
  name: "IPv4 header, with its checksum",
  group: "parse",
  baseline: true,
  fn: () => keep(parseIpv4(dv, IP_OFF, 52 + PAYLOAD_LEN, true, ip) + ip.dst),
});
Deno.bench({
  name: "TCP header",
  group: "parse",
  fn: () => keep(parseTcp(dv, TCP_OFF, 32 + PAYLOAD_LEN, tcp) + tcp.seq),
});
Deno.bench({
  name: "UDP header",
  group: "parse",
  fn: () => keep(parseUdp(dv, UDP_OFF, 1032, udp) + udp.payloadLen),
});

for (
  const [name, off, len, isSyn] of [
    ["timestamps", TIMESTAMPS_OFF, timestampsLen, false],
    ["timestamps and 3 SACK blocks", SACK_OFF, sackLen, false],
    ["those of a SYN", SYN_OFF, synLen, true],
  ] as const
) {
  Deno.bench({
    name,
    group: "parse TCP options",
    baseline: off === TIMESTAMPS_OFF,
    fn: () => keep(parseTcpOptions(dv, off, len, isSyn, options) + options.tsVal),
  });
}

let seq = 0;
Deno.bench({
  name: "IPv4 header, with its checksum",
  group: "emit",
  baseline: true,
  fn: () => {
    seq = (seq + 1) & 0xffff;
    emitIpv4(dv, OUT_OFF, 0, 1500, seq, 0x4000, 64, 6, 0x0a000001, 0x0a000002);
    keep(dv.getUint16(OUT_OFF + 10));
  },
});
Deno.bench({
  name: "TCP header and timestamps",
  group: "emit",
  fn: () => {
    seq = (seq + 1448) | 0;
    emitTcp(dv, OUT_OFF, 80, 40000, seq, 2, 32, TCP_ACK, 501, 0x1234, 0);
    keep(emitOptions(dv, OUT_OFF + 20, true, seq, 2, 0, left, right) + dv.getInt32(OUT_OFF + 4));
  },
});
