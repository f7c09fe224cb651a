/**
 * Numbers of system calls about sockets (sys/syscall.h), on this architecture.
 *
 * @module
 */
const X86_64 = {
  SYS_ioctl: 16,
  SYS_socket: 41,
  SYS_connect: 42,
  SYS_accept: 43,
  SYS_sendto: 44,
  SYS_recvfrom: 45,
  SYS_sendmsg: 46,
  SYS_recvmsg: 47,
  SYS_shutdown: 48,
  SYS_bind: 49,
  SYS_listen: 50,
  SYS_getsockname: 51,
  SYS_getpeername: 52,
  SYS_setsockopt: 54,
  SYS_getsockopt: 55,
  SYS_accept4: 288,
  SYS_recvmmsg: 299,
  SYS_sendmmsg: 307,
} as const;

const AARCH64 = {
  SYS_ioctl: 29,
  SYS_socket: 198,
  SYS_bind: 200,
  SYS_listen: 201,
  SYS_accept: 202,
  SYS_connect: 203,
  SYS_getsockname: 204,
  SYS_getpeername: 205,
  SYS_setsockopt: 208,
  SYS_getsockopt: 209,
  SYS_shutdown: 210,
  SYS_sendto: 206,
  SYS_recvfrom: 207,
  SYS_sendmsg: 211,
  SYS_recvmsg: 212,
  SYS_accept4: 242,
  SYS_recvmmsg: 243,
  SYS_sendmmsg: 269,
} as const;

export const SYSCALLS: Readonly<Record<keyof typeof X86_64, number>> = Deno.build.arch === "aarch64"
  ? AARCH64
  : X86_64;
