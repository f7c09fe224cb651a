/*
 * The first look at a page of the program's. process_vm_readv and process_vm_writev, on this very
 * process, copy as memcpy does and report EFAULT; where they are not to be had (a container's
 * seccomp filter), and in a sandbox of the program's own, every pointer is taken for good.
 */
#include "memory.h"

#include <sys/uio.h>
#include <unistd.h>

#include "process.h"

#define PAGE_LEN ((size_t)1 << PAGE_SHIFT)

_Atomic uintptr_t pages_readable[PAGES_KNOWN];
_Atomic uintptr_t pages_writable[PAGES_KNOWN];

typedef ssize_t copier(pid_t, const struct iovec *, unsigned long, const struct iovec *,
                       unsigned long, unsigned long);

/* `own` is ours, `its` the program's. 0, -EFAULT, or -ENOSYS: nobody knows. */
static long copy(copier *by, void *own, const void *its, size_t len) {
  int saved = errno;
  struct iovec here = {own, len}, there = {(void *)its, len};
  if (process_is_sandboxed()) return -ENOSYS;
  ssize_t n = by(getpid(), &here, 1, &there, 1, 0);
  bool is_refused = n < 0 && errno != EFAULT;
  errno = saved;
  if (is_refused) return -ENOSYS;
  return n == (ssize_t)len ? 0 : -EFAULT;
}

static void keep(_Atomic uintptr_t *pages, const void *at, size_t len) {
  uintptr_t last = ((uintptr_t)at + len - 1) >> PAGE_SHIFT;
  for (uintptr_t page = (uintptr_t)at >> PAGE_SHIFT; page <= last; page++) {
    atomic_store_explicit(&pages[page % PAGES_KNOWN], page + 1, memory_order_relaxed);
  }
}

long memory_copy_in(void *to, const void *from, size_t len) {
  if (len == 0) return 0;
  long result = copy(process_vm_readv, to, from, len);
  if (result == 0) keep(pages_readable, from, len);
  if (result == -ENOSYS) memcpy(to, from, len);
  return result == -EFAULT ? result : 0;
}

long memory_copy_out(void *to, const void *from, size_t len) {
  if (len == 0) return 0;
  long result = copy(process_vm_writev, (void *)from, to, len);
  if (result == 0) keep(pages_writable, to, len);
  if (result == -ENOSYS) memcpy(to, from, len);
  return result == -EFAULT ? result : 0;
}

/* One byte of every page. */
long memory_look(const void *at, size_t len) {
  const uint8_t *byte = at, *end = byte + len;
  uint8_t seen;
  if (end < byte) return -EFAULT;
  while (byte < end) {
    long result = copy(process_vm_readv, &seen, byte, sizeof seen);
    if (result != 0) return result == -EFAULT ? result : 0;
    keep(pages_readable, byte, 1);
    byte = (const uint8_t *)(((uintptr_t)byte / PAGE_LEN + 1) * PAGE_LEN);
  }
  return 0;
}
