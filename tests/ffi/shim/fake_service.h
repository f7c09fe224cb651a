/* What the fake service and the cases run against it agree on. */
#ifndef FAKE_SERVICE_H
#define FAKE_SERVICE_H

/* connect() to these ports of any address. */
#define PORT_ECHO 7         /* established after 20 ms, echoes */
#define PORT_ECHO_AT_ONCE 8 /* established before the filler can have come */
#define PORT_REFUSE 9       /* CONNECT itself fails */
#define PORT_REFUSE_LATER 10
#define PORT_NEVER 11
#define PORT_RESET_ON_DATA 12   /* answers "bye", then reset */
#define PORT_FIN 13             /* sends "fin" and FIN, goes on echoing */
#define PORT_TIMEOUT_ON_DATA 14 /* dies with ETIMEDOUT, the program's bytes unread */
#define PORT_UNREACHABLE 15
#define PORT_HELD 16 /* echoes, established by FAKE_RELEASE */
#define PORT_FAST 17      /* with NUSE_CONNECT_FAST: connected at once */
#define PORT_FIN_RESET 18 /* as PORT_FIN; answers data with a reset */

/* setsockopt and getsockopt at this level steer the fake. */
#define LEVEL_FAKE 9999
#define FAKE_INCOMING 1     /* set: so many connections for this listener; each sends "hello" */
#define FAKE_ERROR_RECORD 2 /* set: a DGRAM_ERROR record with this errno */
#define FAKE_ERRQUEUE 3     /* set: one error queue entry with this errno */
#define FAKE_HANG_UP 4      /* set: close the service's end of this socket */
#define FAKE_DATAGRAM 5     /* set: one datagram of so many bytes, byte i is i & 0xff */
#define FAKE_FILTER_LEN 6   /* get: bytes that SO_ATTACH_FILTER brought */
#define FAKE_MORE 7         /* get: what MORE said last */
#define FAKE_PLAIN 8        /* get: messages without a header so far, all sockets */
#define FAKE_RELEASE 9      /* set: establishes what connects to PORT_HELD, all sockets */
#define FAKE_SHOWN 63 /* counted as if it were an operation: sockets shown to the service */
#define FAKE_LOCAL 10       /* set: the peer is a socket of the service, too */
#define FAKE_URGENT 11 /* get: bytes of the last send with MSG_OOB; set: so many, the last urgent */
#define FAKE_ANNOUNCED 12   /* set: an urgent byte is announced */
#define FAKE_STALL 13       /* set: what is written on this stream stays in the pair */
#define FAKE_OUTSIDE 14     /* set: so many bytes wait for room in the pair */
#define FAKE_COUNT_OP 100   /* get, + op: how many requests with that op so far, all processes */

#define FAKE_TOKEN_LOW 0x89abcdef
#define FAKE_TOKEN_HIGH 0x01234567
#define FAKE_TIME_US 1700000000123456ull
#define FAKE_GRO 4 /* with UDP_GRO */
#define FAKE_FRAG 1300 /* with IP_RECVFRAGSIZE */
#define FAKE_TTL 61
#define FAKE_DROPS 3
#define FAKE_DST_PORT 4321
#define FAKE_TOS 0x10

#endif
