/*
 * The first look at a page of the program's: by system calls that report EFAULT and do nothing
 * else, out of those that nearly every seccomp filter allows.
 *   read   rt_sigprocmask with a `how` that there is not: the set is read, then refused (EINVAL)
 *   write  FUTEX_WAKE_OP that adds 0 to a word there
 * In the strict sandbox, where nothing is allowed, every pointer is taken for good.
 */
#include "memory.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "process.h"
#include "real.h"

#define PAGE_LEN ((uintptr_t)1 << PAGE_SHIFT)
#define NO_HOW 99
#define SET_LEN 8 /* the kernel's sigset_t */

_Atomic uintptr_t pages_readable[PAGES_KNOWN];
_Atomic uintptr_t pages_writable[PAGES_KNOWN];

typedef bool looker(uintptr_t at);

static bool is_readable(uintptr_t at) {
  const void *set = (const void *)(at & ~(uintptr_t)(SET_LEN - 1));
  if (set == NULL) return false; /* would mean: none */
  return real()->syscall(SYS_rt_sigprocmask, NO_HOW, set, NULL, SET_LEN) == 0 || errno != EFAULT;
}

static bool is_writable(uintptr_t at) {
  static uint32_t nobody_waits;
  const void *word = (const void *)(at & ~(uintptr_t)3);
  const int add_nothing = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 0);
  long result = real()->syscall(SYS_futex, &nobody_waits, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0,
                                NULL, word, add_nothing);
  return result >= 0 || errno != EFAULT;
}

/* 0, or -EFAULT when one of the pages is bad. */
static long look(looker *is_good, _Atomic uintptr_t *pages, const void *from, size_t len) {
  uintptr_t at = (uintptr_t)from, end = at + len;
  int saved = errno;
  bool is_fine = end >= at;
  if (process_is_sandboxed()) return 0;
  while (is_fine && at < end) {
    uintptr_t page = at >> PAGE_SHIFT;
    is_fine = is_good(at);
    if (is_fine) {
      atomic_store_explicit(&pages[page % PAGES_KNOWN], page + 1, memory_order_relaxed);
    }
    at = (page + 1) * PAGE_LEN;
  }
  errno = saved;
  return is_fine ? 0 : -EFAULT;
}

long memory_look(const void *at, size_t len) { return look(is_readable, pages_readable, at, len); }

long memory_look_writable(const void *at, size_t len) {
  return look(is_writable, pages_writable, at, len);
}

long memory_copy_in(void *to, const void *from, size_t len) {
  if (memory_look(from, len) < 0) return -EFAULT;
  memcpy(to, from, len);
  return 0;
}

long memory_copy_out(void *to, const void *from, size_t len) {
  if (memory_look_writable(to, len) < 0) return -EFAULT;
  memcpy(to, from, len);
  return 0;
}
