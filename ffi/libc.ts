/**
 * System calls, by way of the bundled `host/host.c`.
 *
 * Every call answers `n | -errno` and throws nothing. On the data path pass `arena.base` and
 * offsets into the arena; set-up calls take a Uint8Array, which the kernel reads or writes during
 * the call only. The library is opened at first use: keep `libc()` in a field or a constant.
 *
 * Hot-path types are pointer, i32 and f64 (about 12 ns a call); an i32 throws on values beyond 32
 * bits and on -0.
 *
 * @module
 */
import { findNative, openNative } from "./build_native.ts";
import { FFI_DIR } from "./base/place.ts";

/** Name and sources of the host library, for `findNative` and for the build of `dist/nuse`. */
export const HOST_LIBRARY = {
  name: "nuse_host",
  sources: ["host", "closer", "child", "confine", "door", "door_filter", "network", "ring", "view"]
    .map((name) => `${FFI_DIR}/host/${name}.c`),
};

const SYMBOLS = {
  /** (fd, base, off0, len0, off1, len1, flags); len1 0: one piece */
  recv: {
    name: "nuse_recv",
    parameters: ["i32", "pointer", "i32", "i32", "i32", "i32", "i32"],
    result: "i32",
  },
  /** As recv; MSG_NOSIGNAL and MSG_DONTWAIT are added. */
  send: {
    name: "nuse_send",
    parameters: ["i32", "pointer", "i32", "i32", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (fd, base, tableOff, count, flags): a table of mmsghdr (message.ts) */
  recvmmsg: {
    name: "nuse_recvmmsg",
    parameters: ["i32", "pointer", "i32", "i32", "i32"],
    result: "i32",
  },
  /** As recvmmsg; MSG_NOSIGNAL and MSG_DONTWAIT are added. */
  sendmmsg: {
    name: "nuse_sendmmsg",
    parameters: ["i32", "pointer", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (fd, base, off, len) */
  read: { name: "nuse_read", parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  /** (fd, base, iovOff, iovCount) */
  writev: { name: "nuse_writev", parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  /** (clock): microseconds */
  clockUs: { name: "nuse_clock_us", parameters: ["i32"], result: "f64" },
  /** (epfd, base, eventsOff, maxEvents, deadlineUs); 0: no wait, Infinity: for ever */
  epollWait: {
    name: "nuse_epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32", "f64"],
    result: "i32",
  },
  /** (fd, events, timeoutMs): revents */
  poll: { name: "nuse_poll", parameters: ["i32", "i32", "i32"], result: "i32" },
  /** (fd, base, off, len, passFd): one message; passFd -1: without a descriptor */
  sendFd: {
    name: "nuse_send_fd",
    parameters: ["i32", "pointer", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (fd, base, off, len, fdOff, flags): one message; two int32 at fdOff are descriptors or -1 */
  recvFd: {
    name: "nuse_recv_fd",
    parameters: ["i32", "pointer", "i32", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (fd, request): the int that the ioctl answers */
  ioctlInt: { name: "nuse_ioctl_int", parameters: ["i32", "u32"], result: "i32" },

  epollCreate: { name: "nuse_epoll_create", parameters: [], result: "i32" },
  /** (epfd, op, fd, events, token, generation) */
  epollCtl: {
    name: "nuse_epoll_ctl",
    parameters: ["i32", "i32", "i32", "u32", "i32", "i32"],
    result: "i32",
  },
  timerfd: { name: "nuse_timerfd", parameters: [], result: "i32" },
  /** (fd, ms): expires once; 0: never */
  timerfdSet: { name: "nuse_timerfd_set", parameters: ["i32", "i32"], result: "i32" },
  eventfd: { name: "nuse_eventfd", parameters: [], result: "i32" },
  /** (domain, type, protocol) */
  socket: { name: "nuse_socket", parameters: ["i32", "i32", "i32"], result: "i32" },
  /** (domain, type, protocol, two int32) */
  socketpair: {
    name: "nuse_socketpair",
    parameters: ["i32", "i32", "i32", "buffer"],
    result: "i32",
  },
  /** (fd, sockaddr, len) */
  bind: { name: "nuse_bind", parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** (fd): our end of a unix pair; -EINVAL: we hold it, or its other end, already */
  claimEnd: { name: "nuse_claim_end", parameters: ["i32"], result: "i32" },
  /** (fd, room for a sockaddr, len): its length */
  getsockname: {
    name: "nuse_getsockname",
    parameters: ["i32", "buffer", "i32"],
    result: "i32",
  },
  /** (fd, sockaddr, len) */
  connect: { name: "nuse_connect", parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** (fd, backlog) */
  listen: { name: "nuse_listen", parameters: ["i32", "i32"], result: "i32" },
  /** (fd, flags) */
  accept4: { name: "nuse_accept4", parameters: ["i32", "i32"], result: "i32" },
  /** (fd, how) */
  shutdown: { name: "nuse_shutdown", parameters: ["i32", "i32"], result: "i32" },
  /** (fd, level, name, value, len) */
  setsockopt: {
    name: "nuse_setsockopt",
    parameters: ["i32", "i32", "i32", "buffer", "i32"],
    result: "i32",
  },
  /** (fd, level, name, value, len): length of the value */
  getsockopt: {
    name: "nuse_getsockopt",
    parameters: ["i32", "i32", "i32", "buffer", "i32"],
    result: "i32",
  },
  /** (fd): what is read next is the file's beginning */
  rewind: { name: "nuse_rewind", parameters: ["i32"], result: "i32" },
  /** (fd): a socket's, as /proc/PID/fd shows it */
  inode: { name: "nuse_inode", parameters: ["i32"], result: "u32" },
  /** (fd, sock_filter[], count) */
  attachFilter: {
    name: "nuse_attach_filter",
    parameters: ["i32", "buffer", "i32"],
    result: "i32",
  },
  /** (fd, request, argument) */
  ioctl: { name: "nuse_ioctl", parameters: ["i32", "u32", "buffer"], result: "i32" },
  /** (fd, request, number): for requests that take no pointer */
  ioctlValue: { name: "nuse_ioctl_value", parameters: ["i32", "u32", "u32"], result: "i32" },
  /** (fd, request, argument, at, pointed): `argument` holds at `at` the address of `pointed` */
  ioctlPointing: {
    name: "nuse_ioctl_pointing",
    parameters: ["i32", "u32", "buffer", "i32", "buffer"],
    result: "i32",
  },
  /** (fd, ifreq, command) */
  ethtool: { name: "nuse_ethtool", parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** (path with its NUL, flags, mode) */
  open: { name: "nuse_open", parameters: ["buffer", "i32", "i32"], result: "i32" },
  /** (fd): on another thread; for descriptors that others have passed to us */
  closeLater: { name: "nuse_close_later", parameters: ["i32"], result: "i32" },
  /** (fd, 1 for a stream): our end of a unix socket, in which descriptors may lie unread */
  closeEnd: { name: "nuse_close_end", parameters: ["i32", "i32"], result: "i32" },
  close: { name: "nuse_close", parameters: ["i32"], result: "i32" },
  /** (fd, bytes, len) */
  write: { name: "nuse_write", parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** (fd, type) */
  setns: { name: "nuse_setns", parameters: ["i32", "i32"], result: "i32" },
  /** (fd, base, off, len): a file of /proc as it is now; its length */
  reread: { name: "nuse_reread", parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  /**
   * (meets, door, captures): this thread gives up what the loop does not need: capabilities, and
   * most system calls. meets 1: it may still meet another process at a path (PIPE); door 1: it may
   * still reach into the programs that stop at the second door; captures 1: it may still make the
   * interfaces that packet sockets are on.
   */
  confineStack: { name: "nuse_confine_stack", parameters: ["i32", "i32", "i32"], result: "i32" },
  yieldCpu: { name: "nuse_yield_cpu", parameters: [], result: "i32" },
  /** (ns): how late this thread's timers may be */
  timerSlack: { name: "nuse_timer_slack", parameters: ["i32"], result: "i32" },
  /** (command, attributes, len) */
  bpf: { name: "nuse_bpf", parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** (program type, instructions, count, log, logLen): the program's descriptor */
  bpfLoad: {
    name: "nuse_bpf_load",
    parameters: ["i32", "buffer", "i32", "buffer", "i32"],
    result: "i32",
  },
  /** (size, uint64 for the address) */
  mapAligned: { name: "nuse_map_aligned", parameters: ["i32", "buffer"], result: "i32" },
  /** (fd, base, off, len): shared memory of a descriptor in the place of the arena's */
  mapShared: {
    name: "nuse_map_shared",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
  },
  /** (base, off, len): undoes `mapShared` */
  mapPrivate: {
    name: "nuse_map_private",
    parameters: ["pointer", "i32", "i32"],
    result: "i32",
  },
  /** (len): the memory of a ring that a program shares, its descriptor (host/ring.c) */
  ringCreate: { name: "nuse_ring_create", parameters: ["i32"], result: "i32" },
  /** (fd, base, pageOff, off, len, two used pieces of the block: offset in it, length) */
  ringShare: {
    name: "nuse_ring_share",
    parameters: ["i32", "pointer", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (base, pageOff, off, len, two used pieces): undoes `ringShare` */
  ringUnshare: {
    name: "nuse_ring_unshare",
    parameters: ["pointer", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (base, off, len) */
  discard: { name: "nuse_discard", parameters: ["pointer", "i32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: Libc | null = null;

/** The library's functions. Throws SysError when it can be neither found nor built. */
export function libc(): Libc {
  opened ??= openNative(findNative(HOST_LIBRARY.name, HOST_LIBRARY.sources), SYMBOLS).symbols;
  return opened;
}

/** `text` as a C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
