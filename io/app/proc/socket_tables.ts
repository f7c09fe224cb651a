/**
 * /proc/net/tcp, udp, raw, icmp and their like for IPv6: one line a socket, in Linux's columns
 * (proc(5), tcp4_seq_show, udp4_seq_show). Addresses are words of memory in hexadecimal, as Linux
 * prints them; lines are padded to a fixed width where Linux pads them.
 *
 * @module
 */
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import { type IpAddress, type SocketView, TcpState } from "../../../stack/mod.ts";
import { type NetlinkSource, ticks } from "../netlink/answer.ts";

const TCP_WIDTH = 149;
const UDP_WIDTH = 127;
/** What stands for a pointer of the kernel's for who may not see one. */
const POINTER = "0000000000000000";

const REST = "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const LONG = `local_address                         remote_address                        ${REST}`;
const DATAGRAM_END = " ref pointer drops";

export function hex(value: number, digits: number): string {
  return (value >>> 0).toString(16).toUpperCase().padStart(digits, "0");
}

/** A word in network order as a little-endian machine prints it. */
export function memoryWord(word: number): string {
  const swapped = (word >>> 24) | (word >>> 8 & 0xff00) | (word << 8 & 0xff0000) | (word << 24);
  return hex(swapped, 8);
}

/** "ADDRESS:PORT" in the family of the socket. */
function end(domain: number, addr: IpAddress, port: number): string {
  if (domain === AF_INET) return `${memoryWord(addr.family === 4 ? addr.w3 : 0)}:${hex(port, 4)}`;
  const isAny = addr.family === 4 && addr.isUnspecified; // "::" for an AF_INET6 socket
  const words = isAny ? [0, 0, 0, 0] : [addr.w0, addr.w1, addr.w2, addr.w3];
  return `${words.map(memoryWord).join("")}:${hex(port, 4)}`;
}

/** The columns that all kinds have, from the addresses to the timer. */
function common(view: SocketView): string {
  const { domain, local, localPort, remote, remotePort, state, timer } = view;
  const queues = isRecord(view)
    ? `${hex(0, 8)}:${hex(0, 8)}`
    : `${hex(state === TcpState.LISTEN ? 0 : view.sendBytes, 8)}:${hex(view.receiveBytes, 8)}`;
  return `${end(domain, local, localPort)} ${end(domain, remote, remotePort)} ${hex(state, 2)} ` +
    `${queues} ${hex(timer, 2)}:${hex(ticks(view.expiresUs), 8)} ${hex(view.retransmits, 8)}`;
}

function isRecord({ detail, state }: SocketView): boolean {
  return detail === null && (state === TcpState.TIME_WAIT || state === TcpState.SYN_RECEIVED);
}

function tcpLine(source: NetlinkSource, view: SocketView, index: number): string {
  const { detail, socket, state } = view;
  const head = `${String(index).padStart(4)}: ${common(view)}`;
  const [uid, inode] = [source.uidOf(socket), source.inodeOf(socket)];
  const ids = `${String(uid).padStart(5)} ${String(0).padStart(8)} ${inode}`;
  if (detail === null) return `${head} ${ids} ${state === TcpState.TIME_WAIT ? 3 : 1} ${POINTER}`;
  const info = new DataView(detail.info.buffer, detail.info.byteOffset);
  const isListening = state === TcpState.LISTEN;
  const rto = ticks(info.getUint32(8, true)) || 100; // TCP_TIMEOUT_INIT before anything is known
  const window = isListening ? 10 : info.getUint32(80, true);
  const threshold = info.getInt32(76, true);
  const last = isListening ? 0 : threshold === 0x7fffffff ? -1 : threshold;
  const delayed = isListening ? 0 : ticks(info.getUint32(12, true));
  return `${head} ${ids} ${isListening ? 1 : 2} ${POINTER} ${rto} ${delayed} 0 ${window} ${last}`;
}

function datagramLine(
  source: NetlinkSource,
  view: SocketView,
  index: number,
  digits: number,
): string {
  const [uid, inode] = [source.uidOf(view.socket), source.inodeOf(view.socket)];
  const ids = `${String(uid).padStart(5)} ${String(0).padStart(8)} ${inode}`;
  return `${String(index).padStart(digits)}: ${common(view)} ${ids} 2 ${POINTER} ${view.drops}`;
}

/** Of one family, in lines. */
function ofDomain(views: readonly SocketView[], domain: number): SocketView[] {
  return views.filter((view) => view.domain === domain);
}

function text(header: string, lines: readonly string[], width: number): string {
  return [header, ...lines].map((line) => `${line.padEnd(width)}\n`).join("");
}

export function tcpTable(source: NetlinkSource, domain: number): string {
  const views = ofDomain(source.stack.view.tcp(source.nowUs), domain);
  const lines = views.map((view, i) => tcpLine(source, view, i));
  return domain === AF_INET
    ? text(`  sl  local_address rem_address   ${REST}`, lines, TCP_WIDTH)
    : text(`  sl  ${LONG}`, lines, 0);
}

/** How a table looks: the digits of a line's number, how far its header is moved, the width. */
interface Style {
  readonly digits: number;
  readonly indent: number;
  readonly width: number;
}

/** As Linux has them: each of its own. */
const UDP_STYLE: Style = { digits: 5, indent: 3, width: UDP_WIDTH };
const PING_STYLE: Style = { digits: 5, indent: 2, width: UDP_WIDTH };
const RAW_STYLE: Style = { digits: 4, indent: 2, width: 0 };
const V6_STYLE: Style = { digits: 5, indent: 2, width: 0 };

function styleOf(domain: number, style: Style): Style {
  return domain === AF_INET ? style : V6_STYLE;
}

function datagramTable(
  source: NetlinkSource,
  all: readonly SocketView[],
  domain: number,
  style: Style,
): string {
  const { digits, indent, width } = styleOf(domain, style);
  const lines = ofDomain(all, domain).map((view, i) => datagramLine(source, view, i, digits));
  const columns = domain === AF_INET ? `local_address rem_address   ${REST}` : LONG;
  return text(`${" ".repeat(indent)}sl  ${columns}${DATAGRAM_END}`, lines, width);
}

export function udpTable(source: NetlinkSource, domain: number): string {
  return datagramTable(source, source.stack.view.udp(), domain, UDP_STYLE);
}

export function rawTable(source: NetlinkSource, domain: number): string {
  return datagramTable(source, source.stack.view.raw(), domain, RAW_STYLE);
}

export function pingTable(source: NetlinkSource, domain: number): string {
  return datagramTable(source, source.stack.view.ping(), domain, PING_STYLE);
}

/** A table of something that the stack does not have: UDP-Lite. */
export function noTable(source: NetlinkSource, domain: number): string {
  return datagramTable(source, [], domain, UDP_STYLE);
}

/** /proc/net/sockstat */
export function sockstat(source: NetlinkSource): string {
  const { stack, nowUs } = source;
  const count = (views: readonly SocketView[]) => ofDomain(views, AF_INET).length;
  const tcp = stack.view.tcp(nowUs);
  const alive = tcp.filter((view) => !isRecord(view));
  const orphans = alive.filter(({ socket }) => socket === null).length;
  const waiting = tcp.filter(({ state }) => state === TcpState.TIME_WAIT).length;
  const [udp, raw] = [stack.view.udp(), stack.view.raw()];
  const used = alive.length + udp.length + raw.length;
  const inUse = count(alive);
  return `sockets: used ${used}\n` +
    `TCP: inuse ${inUse} orphan ${orphans} tw ${waiting} alloc ${alive.length} mem 0\n` +
    `UDP: inuse ${count(udp)} mem 0\nUDPLITE: inuse 0\nRAW: inuse ${count(raw)}\n` +
    "FRAG: inuse 0 memory 0\n";
}

/** /proc/net/sockstat6 */
export function sockstat6({ stack, nowUs }: NetlinkSource): string {
  const count = (views: readonly SocketView[]) => ofDomain(views, AF_INET6).length;
  const tcp = stack.view.tcp(nowUs).filter((view) => !isRecord(view));
  return `TCP6: inuse ${count(tcp)}\nUDP6: inuse ${count(stack.view.udp())}\n` +
    `UDPLITE6: inuse 0\nRAW6: inuse ${count(stack.view.raw())}\nFRAG6: inuse 0 memory 0\n`;
}
