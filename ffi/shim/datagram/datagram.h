/*
 * Datagram, raw and ping sockets: send.c, sendfile.c, recv.c, head.c (what lies first),
 * cmsg.c, error_queue.c, destination_cache.c.
 */
#ifndef NUSE_DATAGRAM_H
#define NUSE_DATAGRAM_H

#include "../core/ancillary.h"
#include "../core/fd_table.h"
#include "header.h"

ssize_t dgram_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg, int flags);
ssize_t dgram_sendmsg(int fd, struct fd_entry *e, const struct msghdr *msg, int flags);
ssize_t dgram_sendfile(int out, struct fd_entry *e, int in, off64_t *offset, size_t count);
/* Payload length of the next datagram, 0 when none. */
long dgram_next_len(int fd, struct fd_entry *e);
/* -errno that an earlier call has found and left for the next; 0: none. */
long dgram_pending_error(struct fd_entry *e);
/* Can an ICMP message bring it an error? */
static inline bool dgram_can_have_errors(const struct fd_entry *e) {
  return (entry_word(e) & (NUSE_STATE_CONNECTED | WORD_ERRORS)) != 0;
}
/* Is there an error record at the head of the queue? If so the next send looks, too. */
bool dgram_error_waits(int fd, struct fd_entry *e);
/* Takes an error record off the head of the queue: its errno, or 0. */
int dgram_take_error(int fd, struct fd_entry *e);
/* Such a record has been taken: what it tells of may be in the error queue, too. */
void dgram_note_error(int fd, struct fd_entry *e);
/* Is anything in the error queue? Asks the service. */
bool errqueue_has_more(int fd, struct fd_entry *e);
ssize_t errqueue_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg);

/* By which cmsg_from_header has something to say; BOUND, which most sockets are, is none. */
#define STATE_STAMPS (NUSE_STATE_TIMESTAMP | NUSE_STATE_TIMESTAMPNS | NUSE_STATE_TIMESTAMPING)
#define STATE_CMSGS                                                                                \
  (STATE_STAMPS | NUSE_STATE_RXQ_OVFL | NUSE_STATE_ORIGDSTADDR | NUSE_STATE_RECVTTL |              \
   NUSE_STATE_RECVTOS | NUSE_STATE_PKTINFO | NUSE_STATE_RECVHOPLIMIT | NUSE_STATE_RECVTCLASS |     \
   NUSE_STATE_PKTINFO6)

/* A header on its way, and the control messages behind it that have no field there. */
struct dgram_head {
  struct dgram_header h;
  uint8_t extras[NUSE_EXTRAS_MAX];
};

long cmsg_to_header(const struct fd_entry *e, const struct msghdr *msg, struct dgram_head *head);
/* Does the datagram leave by IPv4, maybe to a v4-mapped address? */
bool is_v4_bound(const struct fd_entry *e, const struct dgram_header *h);
/* Appends a control message to those behind the header. 0 or -ENOBUFS. */
long extras_add(struct dgram_head *head, int level, int type, const void *data, size_t len);
void cmsg_from_header(int fd, struct fd_entry *e, const struct dgram_header *h, struct msghdr *msg,
                      size_t room, int flags);

/* May a datagram of `len` bytes go to the header's address (or the peer)? 0 or -errno. Sets
 * *is_local when that is the stack's own. */
long destination_check(int fd, struct fd_entry *e, const struct dgram_head *head, const void *name,
                       socklen_t name_len, size_t len, bool *is_local);
void destination_forget(struct fd_entry *e);
/* `is_local`: the peer's address is the stack's own. */
void destination_trust_peer(struct fd_entry *e, bool is_local);

#endif
