/**
 * The sources of the preload shim, for build_native.ts.
 *
 *     calls/       the interposed calls, by name; each finds out whose the descriptor is
 *     stream/      connect, accept, bytes        datagram/    messages with a header
 *     interfaces/  getifaddrs and its family     core/        descriptors, requests, libc
 *
 * calls/ uses the others, all use core/, which uses none.
 *
 * @module
 */
import { FFI_DIR } from "../base/place.ts";

const FILES = [
  "calls/children.c",
  "calls/connect.c",
  "calls/data.c",
  "calls/descriptors.c",
  "calls/epoll.c",
  "calls/exec.c",
  "calls/fortify.c",
  "calls/ioctl.c",
  "calls/open.c",
  "calls/options.c",
  "calls/poll.c",
  "calls/prctl.c",
  "calls/readiness.c",
  "calls/select.c",
  "calls/sockets.c",
  "calls/syscall.c",
  "core/ancillary.c",
  "core/channels.c",
  "core/closing.c",
  "core/control.c",
  "core/evidence.c",
  "core/fd_table.c",
  "core/marked.c",
  "core/memory.c",
  "core/messages.c",
  "core/process.c",
  "core/real.c",
  "core/rings.c",
  "core/rules.c",
  "core/sandbox.c",
  "core/settle.c",
  "core/sockaddr.c",
  "core/socket.c",
  "core/start.c",
  "core/watched.c",
  "datagram/cmsg.c",
  "datagram/destination_cache.c",
  "datagram/error_queue.c",
  "datagram/head.c",
  "datagram/recv.c",
  "datagram/send.c",
  "datagram/sendfile.c",
  "interfaces/addrconfig.c",
  "interfaces/interfaces.c",
  "stream/accept.c",
  "stream/connect.c",
  "stream/epoll_watchers.c",
  "stream/pieces.c",
  "stream/read_shut.c",
  "stream/replace_pair.c",
  "stream/ring_receive.c",
  "stream/ring_send.c",
  "stream/transfer.c",
  "stream/unread.c",
  "stream/urgent.c",
];

export const SHIM_LIBRARY = {
  name: "nuse_shim",
  sources: FILES.map((file) => `${FFI_DIR}/shim/${file}`),
};
