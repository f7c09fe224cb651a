/*
 * What a socket shows at once and its pair cannot: POLLHUP for a stream that is not connected, and
 * with it POLLERR for the error that ended the last attempt; POLLERR for an error that waits on a
 * datagram socket (an ICMP message has come back), which is when programs like traceroute read the
 * error queue, and as long as that holds something; POLLIN for what a program has left in its ring
 * (io/app/endpoint/receive_ring.ts), of which the pair does not show the first bytes yet.
 */
#ifndef NUSE_READINESS_H
#define NUSE_READINESS_H

#include "../core/fd_table.h"

#include <time.h>

/* Does a call with this limit wait at all? */
static inline bool waits(const struct timespec *limit) {
  return limit == NULL || limit->tv_sec != 0 || limit->tv_nsec != 0;
}
/* May it show more than its pair, when `events` are asked for? Costs next to nothing. */
bool may_show_more(const struct fd_entry *e, short events);
/* The bits: the service is asked, and what was not known of the socket is known afterwards. */
short shows_more(int fd, struct fd_entry *e, short events);
/* `revents` of the pair, with POLLERR for an error's record, and POLLIN only for more behind it. */
short with_datagram_error(int fd, struct fd_entry *e, short revents);

#endif
