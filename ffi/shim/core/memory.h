/*
 * The program's memory. In the kernel a bad pointer is EFAULT; here it would be a SIGSEGV, inside
 * a library that the program does not know of. So what a pointer of the program leads to is reached
 * through these, unless a system call does it anyway.
 *
 * The first look at a page is a system call, which reports a bad one. A page that was good is taken
 * for good from then on: what the program unmaps under a call of its own is not noticed.
 */
#ifndef NUSE_MEMORY_H
#define NUSE_MEMORY_H

#include "shim.h"

#include <string.h>

#define PAGE_SHIFT 12
#define PAGES_KNOWN 64 /* of each kind, by the low bits of their number */

/* Page number + 1. */
extern _Atomic uintptr_t pages_readable[PAGES_KNOWN];
extern _Atomic uintptr_t pages_writable[PAGES_KNOWN];

static inline bool page_is_known(const _Atomic uintptr_t *pages, uintptr_t page) {
  return atomic_load_explicit(&pages[page % PAGES_KNOWN], memory_order_relaxed) == page + 1;
}

/* Up to two pages. */
static inline bool memory_is_known(const _Atomic uintptr_t *pages, const void *at, size_t len) {
  uintptr_t first = (uintptr_t)at >> PAGE_SHIFT;
  uintptr_t last = ((uintptr_t)at + len - 1) >> PAGE_SHIFT;
  if (!page_is_known(pages, first)) return false;
  return last == first || (last == first + 1 && page_is_known(pages, last));
}

long memory_copy_in(void *to, const void *from, size_t len);
long memory_copy_out(void *to, const void *from, size_t len);
long memory_look(const void *at, size_t len);
long memory_look_writable(const void *at, size_t len);

/* From the program: 0 or -EFAULT. */
static inline long copy_in(void *to, const void *from, size_t len) {
  if (UNLIKELY(!memory_is_known(pages_readable, from, len))) return memory_copy_in(to, from, len);
  memcpy(to, from, len);
  return 0;
}

/* To the program: 0 or -EFAULT. */
static inline long copy_out(void *to, const void *from, size_t len) {
  if (UNLIKELY(!memory_is_known(pages_writable, to, len))) return memory_copy_out(to, from, len);
  memcpy(to, from, len);
  return 0;
}

/* May it be read where it lies? 0 or -EFAULT. */
static inline long check_readable(const void *at, size_t len) {
  return len == 0 || memory_is_known(pages_readable, at, len) ? 0 : memory_look(at, len);
}

/* The same of what is to be written to. */
static inline long check_writable(const void *at, size_t len) {
  return len == 0 || memory_is_known(pages_writable, at, len) ? 0 : memory_look_writable(at, len);
}

#endif
