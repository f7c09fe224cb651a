/*
 * Stream sockets: connect.c, accept.c, transfer.c (the bytes), unread.c, read_shut.c, urgent.c,
 * replace_pair.c (with epoll_watchers.c).
 */
#ifndef NUSE_STREAM_H
#define NUSE_STREAM_H

#include "../core/fd_table.h"

#include <signal.h>

/* Before data on a stream that is not known to be connected: waits for the end of a connect under
 * way, as long as `option` allows (SO_SNDTIMEO, SO_RCVTIMEO). 0 when connected, -ENOTCONN, or why
 * it failed; STREAM_ENDED when that has been told already. */
#define STREAM_ENDED 1
long stream_await_connect(int fd, struct fd_entry *e, int flags, int option);
/* SO_SNDTIMEO or SO_RCVTIMEO in milliseconds, -1 for none. */
int stream_timeout_ms(int fd, int option);
/* Makes SO_SNDBUF large, or what the service wants: after a connect, and when there is much to
 * send. */
void stream_grow_sndbuf(int fd, struct fd_entry *e);
/* Makes SO_SNDBUF what the service wants. */
void stream_resize_sndbuf(int fd, struct fd_entry *e, int size);
/* Bytes that have been received and not read, in the pair and before it, or -errno. */
long stream_unread(int fd, struct fd_entry *e);
/* TCP_INQ's control message, into `room` bytes of msg_control. */
void stream_put_inq(int fd, struct fd_entry *e, struct msghdr *msg, size_t room);
/* Of a non-blocking connect, as the pair shows it: CONNECTING, CONNECTED (noted), or 0: ask. */
uint32_t stream_connect_outcome(int fd, struct fd_entry *e);
/* connect(). */
long stream_connect(int fd, struct fd_entry *e, const struct sockaddr *addr, socklen_t len);
/* connect() as the first half of a send with MSG_FASTOPEN: 0, then the bytes may follow. */
long stream_connect_fast(int fd, struct fd_entry *e, const struct msghdr *msg, int flags);
/* Will the service hear of something that holds back what is written from now on before it sees
 * that? When it has read all that was written before, and nothing goes by a ring. */
bool stream_may_post_hold(int fd, const struct fd_entry *e);
/* The bytes so far are all, or not: MSG_MORE. */
void stream_say_more(int fd, struct fd_entry *e, bool is_on);
/* read_shut.c: after shutdown(SHUT_RD), when the pair gives 0. */
long stream_read_on(int fd, struct fd_entry *e, const struct iovec *iov, size_t count, int flags);
/* replace_pair.c: puts `fresh`, which is closed, into the place of the pair. */
void stream_put_pair(int fd, struct fd_entry *e, int fresh);
/* A listener is not writable: makes the pair so. */
void stream_make_unwritable_listener(int fd);
/* replace_pair.c: puts the fresh pair that waits in the old one into its place. 0 or -errno. */
long stream_replace_pair(int fd, struct fd_entry *e);
/* stream_grow_sndbuf, if it is still ours. */
void stream_verify_and_grow_sndbuf(int fd, struct fd_entry *e);
/* Bytes were sent: notes it, if the peer is a socket of ours. */
void stream_note_sent(const struct fd_entry *e, long result);
ssize_t stream_read(int fd, struct fd_entry *e, void *buf, size_t len);
ssize_t stream_recv(int fd, struct fd_entry *e, void *buf, size_t len, int flags);
ssize_t stream_write(int fd, struct fd_entry *e, const void *buf, size_t len, int flags);
ssize_t stream_recvmsg(int fd, struct fd_entry *e, struct msghdr *msg, int flags);
ssize_t stream_sendmsg(int fd, struct fd_entry *e, const struct msghdr *msg, int flags);
/* urgent.c. The program looks out for urgent data on a stream of ours, if it is one. At once: what
 * has come already shows when this returns. */
void urgent_watch(int fd, bool is_at_once);
/* The same, before SIGURG gets an owner. */
void urgent_own(int fd);
/* Any socket's, at any time. */
extern atomic_bool urgent_has_owner;
/* Is an urgent byte all that is in the pair? That is not POLLIN. */
bool urgent_is_alone(int fd);
/* Was it, and has a handler of SIGURG taken it meanwhile? Then the call was interrupted, no more.
 * Of an entry with WORD_OWNED. `mask`: of signals, as the call had it, or NULL. */
bool urgent_was_all(int fd, struct fd_entry *e, const sigset_t *mask);
/* Either of both, of what poll() or select() call readable; `is_pri`: it shows POLLPRI, too. */
static inline bool urgent_is_all(int fd, struct fd_entry *e, bool is_pri, const sigset_t *mask) {
  if (UNLIKELY(is_pri) && entry_verify(fd, e) && urgent_is_alone(fd)) return true;
  return UNLIKELY((entry_word(e) & WORD_OWNED) != 0) && urgent_was_all(fd, e, mask);
}
/* After a read that was not MSG_OOB, of more than nothing, on an entry with WORD_MARKS. */
void urgent_after_read(int fd, struct fd_entry *e);
/* SIOCATMARK: 0 or 1. */
long urgent_at_mark(int fd, struct fd_entry *e);
/* As stream_unread, of an entry with WORD_URGENT: up to the mark. */
long urgent_waiting(int fd, struct fd_entry *e);
/* recv(MSG_OOB). */
long urgent_recv(int fd, struct fd_entry *e, void *buf, size_t len, int flags);
/* Around a send of `len` bytes with MSG_OOB; `result` is what came of it. */
void urgent_before_send(int fd, struct fd_entry *e, size_t len);
void urgent_after_send(int fd, struct fd_entry *e, size_t len, long result);
/* Takes one connection off a listener: its descriptor, or -errno. `flags`: SOCK_. */
long stream_accept(int fd, struct fd_entry *e, struct sockaddr *addr, socklen_t *len, int flags);

#endif
