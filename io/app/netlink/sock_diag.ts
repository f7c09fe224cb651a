/**
 * NETLINK_SOCK_DIAG: the sockets of the stack as ss shows them, whoever of the programs has them
 * (sock_diag(7), linux/inet_diag.h). A socket's inode is that of the program's end of its pair,
 * which is what /proc/PID/fd shows: so ss and lsof find the process.
 *
 * What is not AF_INET or AF_INET6 (unix sockets, for one) is answered as by a kernel that cannot
 * list it: ss then reads /proc/net.
 *
 * @module
 */
import {
  DIAG_REQ,
  INET_DIAG,
  INET_DIAG_REQ_BYTECODE,
  INET_DIAG_REQ_PROTOCOL,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
  SOCKID,
} from "../../../ffi/abi/inet_diag.ts";
import { NLM_F_DUMP, NLM_F_MULTI, NLMSGHDR } from "../../../ffi/abi/netlink.ts";
import { AF_INET, AF_INET6 } from "../../../ffi/abi/socket.ts";
import {
  EINVAL,
  ENOENT,
  EOPNOTSUPP,
  EPERM,
  IPPROTO_RAW,
  IPPROTO_TCP,
  IPPROTO_UDP,
  type SocketView,
  TcpState,
} from "../../../stack/mod.ts";
import { writeAddress } from "../protocol/sockaddr.ts";
import { type Answer, type NetlinkSource } from "./answer.ts";
import { DiagFilter } from "./diag_filter.ts";
import { type NetlinkRequest, NetlinkWriter } from "./message.ts";

/** Both flags of `idiag_shutdown`: RCV_SHUTDOWN, SEND_SHUTDOWN. */
const RECEIVE_SHUT = 1;
const SEND_SHUT = 2;

/** `mayAdmin`: the program has CAP_NET_ADMIN, and may end sockets (`ss -K`). */
export function answerDiag(
  source: NetlinkSource,
  request: NetlinkRequest,
  mayAdmin: () => boolean,
): Answer {
  const isEnd = request.type === SOCK_DESTROY;
  if (request.type !== SOCK_DIAG_BY_FAMILY && !isEnd) return -EOPNOTSUPP;
  if (request.length < 2) return -EINVAL;
  const family = request.u8(DIAG_REQ.FAMILY);
  if (family !== AF_INET && family !== AF_INET6) return -ENOENT;
  if (request.length < DIAG_REQ.LEN) return -EINVAL;
  if (isEnd) return mayAdmin() ? destroy(source, request) : -EPERM;
  return request.has(NLM_F_DUMP) ? dump(source, request) : one(source, request);
}

/** SOCK_DESTROY of the one socket that the request names. */
function destroy(source: NetlinkSource, request: NetlinkRequest): Answer {
  const found = findOne(source, request);
  if (typeof found === "number") return found;
  if (found.state === TcpState.LISTEN) return source.endListener(found.socket);
  return source.stack.admin.destroy(found, source.nowUs);
}

function socketsOf({ stack, nowUs }: NetlinkSource, protocol: number): SocketView[] | number {
  switch (protocol) {
    case IPPROTO_TCP:
      return stack.view.tcp(nowUs);
    case IPPROTO_UDP:
      return stack.view.udp();
    case IPPROTO_RAW:
      return stack.view.raw();
    default:
      return -ENOENT;
  }
}

function dump(source: NetlinkSource, request: NetlinkRequest): Answer {
  const attributes = request.attributes(DIAG_REQ.LEN);
  if (attributes === null) return -EINVAL;
  const protocol = attributes.u32(INET_DIAG_REQ_PROTOCOL) || request.u8(DIAG_REQ.PROTOCOL);
  const sockets = socketsOf(source, protocol);
  if (typeof sockets === "number") return sockets;
  const code = attributes.bytes(INET_DIAG_REQ_BYTECODE);
  const filter = code === null ? null : DiagFilter.of(code);
  if (code !== null && filter === null) return -EINVAL;
  const family = request.u8(DIAG_REQ.FAMILY);
  const states = request.u32(DIAG_REQ.STATES);
  const id = DIAG_REQ.ID;
  const [sport, dport] = [portAt(request, id + SOCKID.SPORT), portAt(request, id + SOCKID.DPORT)];
  return sockets
    .filter((view) => view.domain === family && ((states >>> view.state) & 1) === 1)
    .filter((view) => sport === 0 || view.localPort === sport)
    .filter((view) => dport === 0 || view.remotePort === dport)
    .filter((view) => filter === null || filter.matches(filtered(view)))
    .map((view) => socketMessage(source, request, view, NLM_F_MULTI));
}

function portAt(request: NetlinkRequest, off: number): number {
  return request.u8(off) << 8 | request.u8(off + 1);
}

function filtered(view: SocketView) {
  const mark = view.detail?.mark ?? view.socket?.options.mark ?? 0;
  return { ...view, mark, isPortAutomatic: !(view.socket?.isBound ?? false) };
}

/** The one socket that the request names. */
function one(source: NetlinkSource, request: NetlinkRequest): Answer {
  const found = findOne(source, request);
  return typeof found === "number" ? found : [socketMessage(source, request, found, 0)];
}

/** By its ends; -ENOENT. */
function findOne(source: NetlinkSource, request: NetlinkRequest): SocketView | number {
  const sockets = socketsOf(source, request.u8(DIAG_REQ.PROTOCOL));
  if (typeof sockets === "number") return sockets;
  const idOff = NLMSGHDR.LEN + DIAG_REQ.ID;
  const wanted = request.bytes.subarray(idOff, idOff + SOCKID.IF);
  const family = request.u8(DIAG_REQ.FAMILY);
  const isWanted = (view: SocketView) => {
    const id = idBytes(view);
    return view.domain === family && wanted.every((byte, i) => byte === id[i]);
  };
  return sockets.find(isWanted) ?? -ENOENT;
}

/** struct inet_diag_sockid */
function idBytes(view: SocketView): Uint8Array {
  const bytes = new Uint8Array(SOCKID.LEN);
  const dv = new DataView(bytes.buffer);
  dv.setUint16(SOCKID.SPORT, view.localPort);
  dv.setUint16(SOCKID.DPORT, view.remotePort);
  writeAddress(bytes, SOCKID.SRC, view.domain, view.local);
  writeAddress(bytes, SOCKID.DST, view.domain, view.remote);
  dv.setUint32(SOCKID.IF, view.ifIndex, true);
  dv.setUint32(SOCKID.COOKIE, 0xffffffff, true); // INET_DIAG_NOCOOKIE
  dv.setUint32(SOCKID.COOKIE + 4, 0xffffffff, true);
  return bytes;
}

function socketMessage(
  source: NetlinkSource,
  request: NetlinkRequest,
  view: SocketView,
  flags: number,
): Uint8Array {
  const { domain, state, timer, retransmits, expiresUs, receiveBytes, sendBytes, socket } = view;
  const w = new NetlinkWriter(SOCK_DIAG_BY_FAMILY, flags, request);
  w.u8(domain, state, timer, Math.min(retransmits, 255)).bytes(idBytes(view));
  w.u32(Math.ceil(expiresUs / 1000), receiveBytes, sendBytes);
  w.u32(source.uidOf(socket), source.inodeOf(socket));
  writeExtensions(w, request, view);
  return w.finish();
}

function writeExtensions(w: NetlinkWriter, request: NetlinkRequest, view: SocketView): void {
  const asked = request.u8(DIAG_REQ.EXT);
  const wants = (attribute: number) => ((asked >>> (attribute - 1)) & 1) === 1;
  const { detail, domain, receiveBytes, receiveBuffer, sendBytes, sendBuffer, socket } = view;
  const isRecord = view.protocol === IPPROTO_TCP && detail === null;
  if (isRecord) return;
  const shut = (detail?.isReceiveShut ? RECEIVE_SHUT : 0) | (detail?.isSendShut ? SEND_SHUT : 0);
  w.attributeU8(INET_DIAG.SHUTDOWN, shut);
  if (wants(INET_DIAG.TOS)) {
    w.attributeU8(INET_DIAG.TOS, detail?.tos ?? socket?.options.tos ?? 0);
  }
  const isOpen = view.state === TcpState.LISTEN || view.state === TcpState.CLOSED;
  if (domain === AF_INET6 && isOpen) {
    const isV6Only = detail?.isV6Only ?? socket?.options.v6Only ?? false;
    w.attributeU8(INET_DIAG.SKV6ONLY, isV6Only ? 1 : 0);
  }
  const isListening = view.state === TcpState.LISTEN;
  const [held, queued] = isListening ? [0, 0] : [receiveBytes, sendBytes];
  if (wants(INET_DIAG.MEMINFO)) w.attributeU32(INET_DIAG.MEMINFO, held, queued, 0, queued);
  if (wants(INET_DIAG.SKMEMINFO)) {
    const info = [held, receiveBuffer, 0, sendBuffer, 0, queued, 0, 0, view.drops];
    w.attributeU32(INET_DIAG.SKMEMINFO, ...info);
  }
  if (detail === null) return;
  if (wants(INET_DIAG.INFO)) w.attribute(INET_DIAG.INFO, detail.info);
  if (wants(INET_DIAG.CONG)) w.attributeText(INET_DIAG.CONG, detail.congestion);
}
