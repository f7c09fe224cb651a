/*
 * The control protocol between the preload shim and the service (io/app), and the record layouts
 * that travel over the descriptors themselves. protocol.ts says the same in TypeScript; a test
 * compares every NUSE_ constant. All fields little endian at natural alignment; address bytes and
 * the port inside a sockaddr in network order.
 *
 * Control channel: SOCK_SEQPACKET unix socket, path in $NUSE_SOCK ('@' first: abstract name), or
 * one end of a pair whose other came by ATTACH. One request, one reply, in order, never more than
 * one outstanding per connection; OPEN, POST_SETOPT, ATTACH, CANCEL, MORE 0 and 5, URGENT 1, RING
 * 1, 2 and 4, IMAGE and PACKET_SOCKET have no reply. A process has one connection for what is
 * answered at once, and one more for every thread that waits in connect() or close().
 *
 *   request  0 u32 magic   4 u16 version  6 u16 op     8 u64 cookie
 *           16 i32 a      20 i32 b       24 i32 c     28 u32 dataLen   32 data   (+ up to two fds)
 *   reply    0 i32 result  4 u32 state    8 u64 cookie
 *           16 i32 a      20 i32 b       24 i32 c     28 u32 dataLen   32 data   (SOCKET: + fd)
 *
 * The descriptors of a request: first the pair's end of ATTACH and OPEN; one of the socket that it
 * is about, which shows that the program holds it (NUSE_NOT_SHOWN); evidence of a right
 * (core/evidence.h).
 *
 * `result` is n or -errno. `state` holds the NUSE_STATE_ bits of the socket named by the request,
 * in every reply to a request that names a living socket (also when result is an error): the shim
 * caches it. `cookie` is SO_COOKIE of the program's end of the pair.
 */
#ifndef NUSE_PROTOCOL_H
#define NUSE_PROTOCOL_H

#include <stdint.h>

#define NUSE_MAGIC 0x4553554e
#define NUSE_VERSION 10

/* Request and reply headers. */
#define NUSE_HEADER_LEN 32
#define NUSE_DATA_MAX 8192
#define NUSE_REQ_MAGIC_OFF 0
#define NUSE_REQ_VERSION_OFF 4
#define NUSE_REQ_OP_OFF 6
#define NUSE_REQ_COOKIE_OFF 8
#define NUSE_REQ_A_OFF 16
#define NUSE_REQ_B_OFF 20
#define NUSE_REQ_C_OFF 24
#define NUSE_REQ_DATA_LEN_OFF 28
#define NUSE_REP_RESULT_OFF 0
#define NUSE_REP_STATE_OFF 4
#define NUSE_REP_COOKIE_OFF 8
#define NUSE_REP_A_OFF 16
#define NUSE_REP_B_OFF 20
#define NUSE_REP_C_OFF 24
#define NUSE_REP_DATA_LEN_OFF 28

/* In the place of an errno: the cookie names no socket. EBADR, which no socket call gives. */
#define NUSE_NO_SOCKET 53
/* -NUSE_NOT_SHOWN (EBADE): it is there, and this connection has shown no descriptor of it. */
#define NUSE_NOT_SHOWN 52
#define NUSE_AT_DOOR 54 /* of an IOCTL that changes the network: to be made unmarked */

/* Operations. */
/* a pid of the process -> a pid of the service, b, c low and high half of the token that marks
 * datagram headers; data: rules, NUSE_RULE_LEN bytes each, which requests need no reply. First
 * message on a connection made by path, at any time on others. */
#define NUSE_OP_HELLO 1
/* a domain, b type without flag bits, c protocol -> cookie, a NUSE_KIND_, b domain, c type |
 * protocol << 8, the program's end by SCM_RIGHTS: SOCK_STREAM pair for streams, SOCK_SEQPACKET
 * pair for datagrams (a SOCK_DGRAM pair does not tell its other end about close), marked with
 * NUSE_PAIR_MARK. The shim sets O_NONBLOCK, FD_CLOEXEC. */
#define NUSE_OP_SOCKET 2
/* data sockaddr -> 0. */
#define NUSE_OP_BIND 3
/* data sockaddr, a = NUSE_FILLER_LEN on a stream, 0 on a datagram. -> 0 connected at once
 * (datagram, or AF_UNSPEC: disconnected), -EINPROGRESS (stream), or an error. `b` of the reply: how
 * many filler bytes to write; `c` of a datagram socket's: as with CHECK; `a` 1: asked by the cookie
 * of a pair that shows a failed connect, the fresh end that waits there is to take its place. (The
 * story: io/app/endpoint/connecting.ts.) AF_UNSPEC on a stream: a descriptor may come along, the
 * program's end of a fresh pair, in the place of that of the connection (fresh_pair.ts).
 * b = NUSE_CONNECT_WAIT: the reply comes when the handshake has ended (see CANCEL); without data:
 * of the connect that is under way. c = NUSE_CONNECT_FAST: MSG_FASTOPEN, as if TCP_FASTOPEN_CONNECT
 * were set for this once; 0: connected as far as the program can see. */
#define NUSE_OP_CONNECT 4
/* a backlog -> 0. */
#define NUSE_OP_LISTEN 5
/* a 0 local, 1 peer -> data sockaddr in the family of the socket's domain. */
#define NUSE_OP_NAME 6
/* a level, b name, c length of the program's buffer -> data, not truncated. SO_ERROR: takes
 * the error. */
#define NUSE_OP_GETOPT 7
/* a level, b name, data -> 0, c the SO_SNDBUF that the program's end is to have from now on, 0: as
 * it is. SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF: data is the array of
 * struct sock_filter itself, not the struct sock_fprog. */
#define NUSE_OP_SETOPT 8
/* a how -> 0. The shim then does shutdown(how) on its end. Or, b 1: a descriptor comes along, the
 * program's end of a fresh pair, in the place of that of a listener that is none any more. */
#define NUSE_OP_SHUTDOWN 9
/* -> as SOCKET without the descriptor; -NUSE_NO_SOCKET when the cookie is not a socket of ours. */
#define NUSE_OP_WHO 10
/* a request, data the argument (struct ifreq, or int) -> data the argument as changed. Cookie
 * may be 0. FIONREAD of a stream: the data tells what waits for room in the pair, `b` of the reply
 * below how many bytes in there nothing does; 0: not known. */
#define NUSE_OP_IOCTL 11
/* -> data: one entry, NUSE_EE_ layout, removed from the queue; -EAGAIN when empty. b 1: no data,
 * all stay. */
#define NUSE_OP_ERRQUEUE 12
/* -> data: NUSE_IF_LEN bytes per entry, a number of entries. Cookie 0. One entry of family
 * AF_PACKET (17) per interface, first, then one per address. */
#define NUSE_OP_IFADDRS 13
/* One end of a fresh SOCK_SEQPACKET pair by SCM_RIGHTS, a pid: a child's own connection; b 1: that
 * of a thread of this process, which made the pair. No reply. */
#define NUSE_OP_ATTACH 14
/* Datagram kinds: would a datagram of `a` payload bytes to data sockaddr (no data: to the
 * connected peer) be sent? -> 0, `c` 1: to an address of the stack's own; or -errno (EDESTADDRREQ,
 * ENETUNREACH, EACCES, EMSGSIZE, EINVAL ...). Binds if need be. b 1: data is the datagram's header,
 * with the control messages that follow it; a descriptor may come along, evidence of a right. */
#define NUSE_OP_CHECK 15
/* As SOCKET, but the program has made the pair (marked as there) and passes the service's end:
 * a domain, b type, c protocol, cookie, fd, data (of NUSE_OPEN_INODE_LEN bytes, u32) the inode of
 * the program's end, by which tools know a socket. No reply: only for sockets that are always
 * granted, by the rules of HELLO. Should the service have no room after all, it closes the
 * descriptor. */
#define NUSE_OP_OPEN 16
#define NUSE_OPEN_INODE_LEN 4
/* As SETOPT without a reply: only for options that every living socket of the kind takes with such
 * a value, by the rules of HELLO, and nothing that the program can see waits for. The value is an
 * int. What a stream has written before counts as written before; what holds back what is written
 * from now on is posted only while the pair is empty, and there is no ring. */
#define NUSE_OP_POST_SETOPT 17
/* On a connection on which a CONNECT waits: it shall not wait any longer. No reply of its own;
 * the reply of the CONNECT is -EINPROGRESS (filler as usual), or what it has ended with. */
#define NUSE_OP_CANCEL 18

/* MSG_MORE on a stream. a 1: what is written from now on is not all, a segment that it does not
 * fill shall wait -> 0, and only then bytes; a 0: what was written is all; no reply. */
#define NUSE_OP_MORE 19
#define NUSE_MORE_END 0
#define NUSE_MORE_BEGIN 1
/* `a` of MORE: MSG_EOR, a record ends with what was written -> 0 */
#define NUSE_MORE_RECORD_END 2
/* MSG_OOB, the last of the next b bytes that are written is urgent -> 0, and only then bytes */
#define NUSE_MORE_URGENT 3
/* the last b of these have not been written; c 1: none has -> 0 */
#define NUSE_MORE_URGENT_SHORT 4
/* As 1, without a reply; posted under the same conditions as an option */
#define NUSE_MORE_POSTED 5
/* The program has closed a descriptor of the socket -> 0 when what that does has been done, should
 * it have been the last one. a 1: not before the peer has acknowledged everything (see CANCEL).
 * Before that, b: how many connections of a listener nobody has accepted, or how many bytes of a
 * stream that was shut in both directions nobody has read; the peers get a RST, should it be the
 * last one. */
#define NUSE_OP_CLOSE 20

/* A program is about to be executed: data NUSE_IMAGE_ layout. Cookie 0, no reply. */
#define NUSE_OP_IMAGE 21
/* A packet socket (AF_PACKET) was asked for and refused: data the program's name. Cookie 0, no
 * reply. */
#define NUSE_OP_PACKET_SOCKET 22
/* Cookie 0 -> 0 when what programs have sent, connected, shut down and closed before shows where it
 * goes to, as far as that is a socket of ours, and has room. */
#define NUSE_OP_SETTLE 23
/* The program looks out for urgent data (io/app/endpoint/urgent.ts) -> 0 when what has come is in
 * the pair; `a` of the reply 1: a byte is announced and is not there, b how many bytes are not in
 * the pair that come before it. a 1: no reply. */
#define NUSE_OP_URGENT 24
/* Control messages of a received datagram: a their number (NUSE_DGRAM_EXTRAS_OFF), b 1: they stay
 * -> data, as in cmsg(3). */
#define NUSE_OP_EXTRAS 27
/* Of a stream that was shut for reading: a how many bytes, at most, b 1: they stay -> data. */
#define NUSE_OP_READ 25
/* Cookie 0 -> 0: packet sockets of the kernel's, such as the program has just made, show the
 * stack's frames (io/capture). */
#define NUSE_OP_CAPTURE 30

/* What a stream's bytes go by when it carries many (io/app/endpoint/send_ring.ts): a ENTER -> 0,
 * `a` of the reply the ring's length, b its number, the memory by SCM_RIGHTS; -EAGAIN: not now;
 * -EOPNOTSUPP: never. a LOOK: the word says ASLEEP and there are bytes; a LEAVE: the program is
 * done with it; both without a reply. */
#define NUSE_OP_RING 26
#define NUSE_RING_ENTER 0
#define NUSE_RING_LOOK 1
#define NUSE_RING_LEAVE 2
/* The same of what it receives by (receive_ring.ts). LEAVE -> 0 when what the ring holds is in the
 * pair, as far as that has room; SHOW -> 0 when the pair shows that it holds something. */
#define NUSE_RING_RECEIVE_ENTER 3
#define NUSE_RING_RECEIVE_LOOK 4
#define NUSE_RING_RECEIVE_LEAVE 5
#define NUSE_RING_RECEIVE_SHOW 6
#define NUSE_RING_WORD_OFF 0   /* flags, and from INDEX_SHIFT on up to where the program is */
#define NUSE_RING_LIMIT_OFF 64 /* up to where it may go */
#define NUSE_RING_WAKE_OFF 128 /* ASLEEP of a receive ring: tell when it has come so far */
#define NUSE_RING_ORIGIN_OFF 192 /* the index of its first byte of memory */
#define NUSE_RING_BYTES_OFF 4096
/* Flags: the service sleeps, and wants to be told (LOOK); the program is copying; the service moves
 * bytes of the pair; the ring is not used any more; the pair may hold bytes that come first. */
#define NUSE_RING_ASLEEP 1
#define NUSE_RING_BUSY 2
#define NUSE_RING_CLAIMED 4
#define NUSE_RING_GONE 8
#define NUSE_RING_HEAD 16
#define NUSE_RING_INDEX_SHIFT 5
/* SO_SNDBUF argument of the program's end while ring 0 is in use; ring n: n more. */
#define NUSE_RING_SNDBUF 8448

/* `b` of CONNECT. */
#define NUSE_CONNECT_WAIT 1
/* `c` of CONNECT. */
#define NUSE_CONNECT_FAST 1
/* The same, and the program has no data yet: the SYN does not wait for any. */
#define NUSE_CONNECT_FAST_EMPTY 2

/* Kinds of socket, in `a` of SOCKET and WHO. */
#define NUSE_KIND_STREAM 1
#define NUSE_KIND_DATAGRAM 2

/* State bits. CONNECTED: a stream that was established once, a datagram socket with a peer. */
#define NUSE_STATE_CONNECTING 0x1
#define NUSE_STATE_CONNECTED 0x2
#define NUSE_STATE_LISTENING 0x4
/* A stream whose peer's FIN has come: recv() ends with 0, whatever happened since (SOCK_DONE). */
#define NUSE_STATE_PEER_DONE 0x8
/* A stream on which an error waits: SO_ERROR would not be 0. */
#define NUSE_STATE_ERROR 0x10
/* The port was chosen by bind(). */
#define NUSE_STATE_BOUND 0x20
/* SO_LINGER is on, with a time. */
#define NUSE_STATE_LINGER 0x40
/* A stream whose peer is a socket of ours, too. */
#define NUSE_STATE_LOCAL 0x80
/* A stream whose program's end has the SO_SNDBUF that the service has given it or asked for
 * (SETOPT): it is not to be made large (TCP_NOTSENT_LOWAT). */
#define NUSE_STATE_PAIR_SIZED 0x100
/* A stream: recvmsg shall tell how much is left to read (TCP_INQ). */
#define NUSE_STATE_INQ 0x200
/* A stream that was shut for reading: what has come since waits in the service (READ). */
#define NUSE_STATE_READ_SHUT 0x400
/* Control messages that recvmsg shall carry (datagram kinds), by the options set. */
/* (Some in the place of bits that only streams have.) */
#define NUSE_STATE_PEER_V4 0x1      /* the peer's address is of IPv4 */
#define NUSE_STATE_RXQ_OVFL 0x8     /* SO_RXQ_OVFL */
#define NUSE_STATE_ORIGDSTADDR 0x10 /* IP_RECVORIGDSTADDR */
#define NUSE_STATE_TIMESTAMPING 0x80 /* SO_TIMESTAMPING, of what is received, by software */
#define NUSE_STATE_TIMESTAMP 0x100   /* SO_TIMESTAMP */
#define NUSE_STATE_TIMESTAMPNS 0x200 /* SO_TIMESTAMPNS */
#define NUSE_STATE_RECVTTL 0x400     /* IP_RECVTTL */
#define NUSE_STATE_RECVTOS 0x800     /* IP_RECVTOS */
#define NUSE_STATE_PKTINFO 0x1000    /* IP_PKTINFO */
#define NUSE_STATE_RECVHOPLIMIT 0x2000 /* IPV6_RECVHOPLIMIT */
#define NUSE_STATE_RECVTCLASS 0x4000   /* IPV6_RECVTCLASS */
#define NUSE_STATE_PKTINFO6 0x8000     /* IPV6_RECVPKTINFO */

/* SO_RCVBUF argument of the program's end, by whoever makes the pair: has no effect on an AF_UNIX
 * pair, and tells ours from other people's (the kernel gives twice the number back). */
#define NUSE_PAIR_MARK 11854

/* Streams: length of the connect filler; SO_SNDBUF argument of an end that has much to send (the
 * default is enough for the others). Datagram pairs have it from the start. */
#define NUSE_FILLER_LEN 512
#define NUSE_PAIR_SNDBUF 1048576

/* Accept record: one message of exactly this length on the listening stream pair, the
 * program's end of the new connection by SCM_RIGHTS. */
#define NUSE_ACCEPT_MAGIC 0x5453554e
#define NUSE_ACCEPT_LEN 80
#define NUSE_ACCEPT_MAGIC_OFF 0
#define NUSE_ACCEPT_KIND_OFF 4    /* u32 NUSE_KIND_STREAM */
#define NUSE_ACCEPT_COOKIE_OFF 8  /* u64 */
/* sockaddr_in or sockaddr_in6, in the family of the listener's domain */
#define NUSE_ACCEPT_PEER_OFF 16
#define NUSE_ACCEPT_DOMAIN_OFF 44 /* u16 */
#define NUSE_ACCEPT_STATE_OFF 48  /* u32 NUSE_STATE_ */
#define NUSE_ACCEPT_LOCAL_OFF 52 /* sockaddr, as PEER */

/* Rule: i32 each. OP OPEN: a socket of A domain, B type, C protocol is granted; its protocol is D
 * (C may be 0). OP POST_SETOPT: sockets of A kind take the option B level, C name, with values from
 * D to E. */
#define NUSE_RULE_LEN 24
#define NUSE_RULE_MAX 32 /* rules, at most */
#define NUSE_RULE_OP_OFF 0
#define NUSE_RULE_A_OFF 4
#define NUSE_RULE_B_OFF 8
#define NUSE_RULE_C_OFF 12
#define NUSE_RULE_D_OFF 16
#define NUSE_RULE_E_OFF 20

/* SO_RCVBUF argument of the program's end of a control connection: by it a new image recognises
 * the one that was left open for it. */
#define NUSE_CONTROL_MARK 11855

/* SO_RCVBUF argument of the program's end of a netlink socket, which the second door serves. */
#define NUSE_NETLINK_MARK 11856

/* Where /proc/net leads, from /proc, when it is the stack's (ffi/host/view.c). */
#define NUSE_NETWORK_FOLDER "sys/net/.proc"

/* In the sixth argument of a system call that takes no more than five: it is the shim's own, and
 * does not stop at the second door (ffi/host/door_filter.c). */
#define NUSE_DOOR_MARK 0x6e757365646f

/* What is to be executed: u32 each, then the path, then the file's first bytes. */
#define NUSE_IMAGE_FLAGS_OFF 0
#define NUSE_IMAGE_MODE_OFF 4 /* st_mode */
#define NUSE_IMAGE_UID_OFF 8  /* owner and group of the file */
#define NUSE_IMAGE_GID_OFF 12
#define NUSE_IMAGE_EUID_OFF 16 /* of the process */
#define NUSE_IMAGE_EGID_OFF 20
#define NUSE_IMAGE_PATH_LEN_OFF 24
#define NUSE_IMAGE_PATH_OFF 28
#define NUSE_IMAGE_LEN 4096 /* of the file, at most */
/* Flags: its environment preloads the shim; the shim's file can be read by this process; the file
 * has capabilities. */
#define NUSE_IMAGE_PRELOADED 1
#define NUSE_IMAGE_SHIM_READABLE 2
#define NUSE_IMAGE_HAS_CAPABILITIES 4

#define NUSE_SOCKADDR_LEN 28 /* any sockaddr of ours (sockaddr_in6), zero filled */

/* Error queue entry: struct sock_extended_err, then what goes with it. */
#define NUSE_EE_ERRNO_OFF 0
#define NUSE_EE_ORIGIN_OFF 4
#define NUSE_EE_TYPE_OFF 5
#define NUSE_EE_CODE_OFF 6
#define NUSE_EE_INFO_OFF 8
#define NUSE_EE_OFFENDER_OFF 16    /* sockaddr; family 0: none */
#define NUSE_EE_DESTINATION_OFF 44 /* sockaddr: msg_name */
#define NUSE_EE_TIME_OFF 72        /* u64 microseconds of CLOCK_REALTIME, 0: none */
#define NUSE_EE_PAYLOAD_OFF 96     /* to the end of data */

/* Interface entry. */
#define NUSE_IF_LEN 128
#define NUSE_IF_NAME_OFF 0        /* char[16], zero terminated */
#define NUSE_IF_INDEX_OFF 16      /* u32 */
#define NUSE_IF_FLAGS_OFF 20      /* u32 IFF_ */
#define NUSE_IF_FAMILY_OFF 24     /* u16 AF_INET, AF_INET6, AF_PACKET */
#define NUSE_IF_HWTYPE_OFF 26     /* u16 ARPHRD_ */
#define NUSE_IF_MTU_OFF 28        /* u32 */
#define NUSE_IF_HWADDR_OFF 32     /* u8[8] */
#define NUSE_IF_HWADDR_LEN_OFF 40 /* u32 */
#define NUSE_IF_ADDR_OFF 44       /* sockaddr; family 0: none (AF_PACKET entries) */
#define NUSE_IF_NETMASK_OFF 72    /* sockaddr */
/* sockaddr: broadcast, or the other end of a point-to-point link */
#define NUSE_IF_BROADCAST_OFF 100

/* Datagram header, with stack/socket/datagram_header.ts (DGRAM_*). */
#define NUSE_DGRAM_HEADER_LEN 72
#define NUSE_DGRAM_MAGIC 0x4e44
#define NUSE_DGRAM_MAGIC_OFF 0
#define NUSE_DGRAM_FLAGS_OFF 2
#define NUSE_DGRAM_PAYLOAD_LEN_OFF 4
#define NUSE_DGRAM_FAMILY_OFF 8
#define NUSE_DGRAM_PORT_OFF 10 /* host order */
#define NUSE_DGRAM_ERRNO_OFF 12
#define NUSE_DGRAM_DROPS_OFF 12 /* received, without an error: how many had no room before, u32 */
#define NUSE_DGRAM_ADDR_OFF 16
#define NUSE_DGRAM_TTL_OFF 32
#define NUSE_DGRAM_TOS_OFF 33
#define NUSE_DGRAM_SEGMENT_OFF 34  /* send: UDP_SEGMENT of this one message, u16 */
#define NUSE_DGRAM_DST_PORT_OFF 34 /* receive: the port that it was sent to, u16, host order */
#define NUSE_DGRAM_IFINDEX_OFF 36
#define NUSE_DGRAM_DST_OFF 40
#define NUSE_DGRAM_TIME_OFF 56
/* Send: the token of HELLO, u64. What a program writes past the shim (stdio's own write) has no
 * header; the token, which nobody else knows, tells the one from the other. */
#define NUSE_DGRAM_TOKEN_OFF 56
/* Receive, u16: bytes of each datagram but the last, when several have been joined (UDP_GRO); the
 * longest fragment that it came in (IP_RECVFRAGSIZE). 0: not so, or not asked for. */
#define NUSE_DGRAM_GRO_OFF 64
#define NUSE_DGRAM_FRAG_OFF 66
/* Send, u16: bytes of control messages (cmsg(3)) between header and payload. Receive, u32: the
 * number of those to be asked for (EXTRAS); 0: none. */
#define NUSE_DGRAM_EXTRAS_LEN_OFF 64
#define NUSE_DGRAM_EXTRAS_OFF 68
#define NUSE_DGRAM_HAS_ADDR 1
#define NUSE_DGRAM_ERROR 2
#define NUSE_DGRAM_DONTROUTE 4
#define NUSE_DGRAM_HAS_TTL 8
#define NUSE_DGRAM_HAS_TOS 16
#define NUSE_DGRAM_HAS_PKTINFO 32
/* Send: MSG_MORE. The datagram is put together with those that follow, up to one without. */
#define NUSE_DGRAM_MORE 64
#define NUSE_DGRAM_HAS_SEGMENT 128
#define NUSE_DGRAM_HAS_EXTRAS 256
#define NUSE_EXTRAS_MAX 256 /* bytes of control messages that a datagram takes along */

#endif
