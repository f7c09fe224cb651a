/**
 * Sockets: domains, types, options, flags, sockaddr_in and sockaddr_un (sys/socket.h, sys/un.h).
 *
 * @module
 */

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_PACKET = 17;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_OOBINLINE = 10;
export const SO_PEERCRED = 17;
export const SO_RCVLOWAT = 18;
export const SO_RCVTIMEO_OLD = 20;
export const SO_SNDTIMEO_OLD = 21;
export const SO_ACCEPTCONN = 30;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_DOMAIN = 39;
export const SO_COOKIE = 57;
export const SO_NETNS_COOKIE = 71;
/** Linux 6.16: 0: no descriptors can be sent to this AF_UNIX socket. */
export const SO_PASSCRED = 16;
export const SO_PASSRIGHTS = 83;

export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
export const MSG_TRUNC = 0x20;
export const MSG_CTRUNC = 0x8;
export const MSG_DONTWAIT = 0x40;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

/** ioctl: bytes that wait to be received, bytes that the peer has not yet taken. */
export const FIONREAD = 0x541b;
export const SIOCATMARK = 0x8905;
export const SIOCOUTQ = 0x5411;
export const SIOCOUTQNSD = 0x894b;

/** poll(2) */
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLNVAL = 0x20;

export const SOCKADDR_IN = { LEN: 16, FAMILY: 0, PORT: 2, ADDR: 4 } as const;
export const SOCKADDR_IN6 = { LEN: 28, FAMILY: 0, PORT: 2, ADDR: 8 } as const;
export const SOCKADDR_UN = { LEN: 110, FAMILY: 0, PATH: 2 } as const;
/** struct ucred, what SO_PEERCRED answers. */
export const UCRED = { LEN: 12, PID: 0, UID: 4, GID: 8 } as const;
