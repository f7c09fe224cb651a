/*
 * libc's own functions, by dlsym(RTLD_NEXT), all at once at the first call. dlsym neither
 * allocates nor fails for symbols of the C library, so the first call may come from another
 * library's constructor. What an old C library lacks is made of a system call.
 */
#include "real.h"

#include "marked.h"

#include <dlfcn.h>
#include <unistd.h>
#include <sys/syscall.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

struct real_table real_functions;
atomic_bool real_resolved;

static int close_range_syscall(unsigned first, unsigned last, int flags) {
  return (int)real_functions.syscall(SYS_close_range, first, last, flags);
}

void real_resolve(void) {
  int saved = errno;
#define REAL_RESOLVE(ret, name, args) *(void **)&real_functions.name = dlsym(RTLD_NEXT, #name);
  REAL_FUNCTIONS(REAL_RESOLVE)
#undef REAL_RESOLVE
  if (real_functions.fcntl64 == NULL) *(void **)&real_functions.fcntl64 = dlsym(RTLD_NEXT, "fcntl");
  if (real_functions.close_range == NULL) real_functions.close_range = close_range_syscall;
  mark_calls(&real_functions);
  atomic_store_explicit(&real_resolved, true, memory_order_release);
  errno = saved;
}
