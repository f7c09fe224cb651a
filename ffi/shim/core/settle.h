/*
 * Between two sockets of one stack Linux is synchronous: when a call has returned, poll() or a call
 * that does not wait finds at the other end what it has done. Here that is under way for a moment,
 * through the service. To ask after each call (SETTLE) would cost a round trip for each; so it is
 * only noted that something is under way, and asked when somebody could see it: before this process
 * looks at any socket without waiting, and before it tells another process anything.
 *
 * What is not seen: a process that is told by shared memory or a futex, and one that looks when
 * nobody has told it.
 */
#ifndef NUSE_SETTLE_H
#define NUSE_SETTLE_H

#include "shim.h"

#define UNDER_WAY_BYTES 1u
#define UNDER_WAY_BULK 2u   /* bytes of a send so large that another is likely to follow */
#define UNDER_WAY_CHANGES 4u /* connect, shutdown, close; what a child may have done */

extern atomic_uint settle_flags;

static inline unsigned settle_due(void) {
  return atomic_load_explicit(&settle_flags, memory_order_relaxed);
}

static inline void settle_note(unsigned flags) {
  if ((settle_due() & flags) == flags) return;
  atomic_fetch_or_explicit(&settle_flags, flags, memory_order_relaxed);
}

/* Waits until nothing is under way. False: nothing was, or it cannot be asked. */
bool settle_wait(void);

static inline bool settle(void) { return UNLIKELY(settle_due() != 0) && settle_wait(); }

/* Before a wait of any time for readiness: who sends much at once and waits until more can be sent
 * is spared. */
static inline void settle_before_poll(bool is_waiting) {
  unsigned due = settle_due();
  if (UNLIKELY(due != 0) && !(is_waiting && due == UNDER_WAY_BULK)) settle_wait();
}

/* Before a send: only what else was done can make it fail. */
static inline void settle_changes(void) {
  if (UNLIKELY((settle_due() & UNDER_WAY_CHANGES) != 0)) settle_wait();
}

#endif
