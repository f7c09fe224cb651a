/* The sockets of the fake service and their rules. */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "../../../ffi/shim/protocol.h"
#include "fake_service.h"

#define SOCKETS 4096

struct fake {
  uint64_t cookie, former_cookie; /* former: of a pair that shows a failed connect, 0 none */
  int fd; /* our end, -1 when closed */
  int kind, domain, type, protocol, error, filler, filter_len, queued_errno;
  int waiter_plus1; /* the connection whose CONNECT waits */
  uint32_t state;
  bool pending; /* no connect() has told yet what the last one came to */
  bool failing; /* the pair is to show that, when the filler has come */
  bool more;    /* MORE */
  int steered[16]; /* by FAKE_: what needs no more than to be known */
  int urgent;   /* bytes of the last send with MSG_OOB, the last one urgent */
  bool announced; /* the answer to URGENT */
  uint16_t port, local_port;
  double due; /* the handshake ends; 0 none */
  uint32_t peer;
  int values[128];
};

extern struct fake sockets[SOCKETS];
extern int socket_count;
extern int op_counts[64];
extern int plain_messages;

double now_ms(void);
struct fake *find(uint64_t cookie);
struct fake *add(int fd, int kind, int domain, int type, int protocol);
/* Makes a pair; returns the program's end. */
int make(struct fake **out, int kind, int domain, int type, int protocol);
/* Sends one message, with a descriptor unless it is -1, and closes that. */
void send_with_fd(int fd, struct iovec *iov, int count, int passed);
size_t put_name(const struct fake *s, uint32_t addr, uint16_t port, uint8_t *out);
uint32_t address_of(const uint8_t *name);
uint16_t port_of(const uint8_t *name);
/* The handshake has ended, well or badly. */
void establish(struct fake *s);
/* The filler of a connect that has failed is there: breaks the pair, makes another. */
void show_failure(struct fake *s);
/* The filler has been read. */
void drained(struct fake *s);
#define DEFERRED 1 /* the reply comes later */
/* `waiter`: the connection that waits for the end, or -1. */
int connect_stream(struct fake *s, const uint8_t *name, size_t len, int filler, int waiter);
/* With a cookie: connected at once, as far as the program can see. */
int connect_fast(struct fake *s);
/* fake_service.c: the reply to a CONNECT that has waited. */
void answer_waiter(struct fake *s, int result, int filler);
int shut(const struct fake *s, int how);
/* fake_datagrams.c: echo; a payload that begins with '?' is answered with the header. */
void move_datagram(struct fake *s);
void hang_up(struct fake *s);
/* Counts (FAKE_SHOWN) and closes the descriptors, from the one at `from` on. */
void see_shown(const int passed[2], int from, uint64_t cookie);
int check(const struct fake *s, const uint8_t *name, size_t len, int payload);
/* `sndbuf`: that the program's end is to have. */
int set_option(struct fake *s, int level, int name, const uint8_t *data, size_t len, int *sndbuf);
int get_option(struct fake *s, int level, int name, int *value);
size_t put_interfaces(uint8_t *out);
/* The rules of HELLO. */
size_t put_rules(uint8_t *out);

#endif
