/*
 * What belongs to this process and not to its fork.
 */
#ifndef NUSE_PROCESS_H
#define NUSE_PROCESS_H

#include "shim.h"

void shim_read_environment(void);
bool shim_enabled(void);      /* $NUSE_SOCK is set, or a connection was left open for us */
void shim_enable(void);       /* the latter */
const char *shim_path(void);  /* $NUSE_SOCK, or "" */
const char *shim_file(void);  /* where this library lies, as the loader was told */
int shim_service_pid(void);   /* $NUSE_PPID, or 0 */
bool shim_is_secure(void);    /* AT_SECURE */
/* A vfork child: its memory is the parent's. */
bool process_is_borrowed(void);

/* core/sandbox.c: no system calls but the program's own. */
extern atomic_bool sandbox_entered;
extern atomic_bool sandbox_has_filter; /* a filter that lets pass what moves bytes, and no more */
static inline bool process_is_sandboxed(void) {
  return UNLIKELY(atomic_load_explicit(&sandbox_entered, memory_order_relaxed));
}

#define WAITERS 32 /* control connections kept for threads that wait in connect() */

/* State of the control connections. Zero in a fresh fork (MADV_WIPEONFORK), zero means none. */
struct process_page {
  atomic_int pid;
  atomic_int lock;    /* futex: 0 free, 1 held, 2 held and waited for */
  bool owns_channels; /* the connections that channels.c knows are not the parent's */
  atomic_int waiter_busy[WAITERS];
};
struct process_page *process_page(void);
/* In the child of a fork: the page is empty, and ours. */
void process_after_fork(void);
/* Ends the process, whose network has gone, as if the machine had been switched off. */
_Noreturn void process_end(void);

#endif
