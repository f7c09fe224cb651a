/*
 * open and fopen, for /proc/self/net/NAME and /proc/PID/net/NAME of a process in the same network:
 * they are the kernel's, of an empty namespace; the stack's is /proc/net (ffi/host/view.c), which
 * natively is the same. Any other path costs a look at its first bytes.
 */
#include "../core/shim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/process.h"
#include "../core/real.h"

#define PROC "/proc/"
#define PATH_LEN 64
/* No pointer into the first page leads anywhere: the kernel is to say so. */
#define FIRST_PAGE 4096

/* Whether /proc/net is the stack's, which does not change. */
static bool is_network_shown(void) {
  static atomic_int known; /* 0: not looked at, 1: no, 2: yes */
  int state = atomic_load_explicit(&known, memory_order_relaxed);
  if (state == 0) {
    char target[sizeof NUSE_NETWORK_FOLDER + 1];
    ssize_t n = readlink("/proc/net", target, sizeof target);
    bool is_shown = n == sizeof NUSE_NETWORK_FOLDER - 1 &&
                    memcmp(target, NUSE_NETWORK_FOLDER, (size_t)n) == 0;
    state = is_shown ? 2 : 1;
    atomic_store_explicit(&known, state, memory_order_relaxed);
  }
  return state == 2;
}

/* Is the process, by its folder in /proc, in our network? */
static bool is_same_network(const char *process, size_t len) {
  struct stat theirs, ours;
  char path[PATH_LEN];
  if (memcmp(process, "self", 4) == 0 || memcmp(process, "thre", 4) == 0) return true;
  int n = snprintf(path, sizeof path, PROC "%.*s/ns/net", (int)len, process);
  if (n >= (int)sizeof path) return false;
  return stat(path, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
         theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

/* `path`, or in `to` what it is instead. */
static const char *look_at(const char *path, char to[PATH_LEN]) {
  const char *process = path + sizeof PROC - 1;
  size_t len = strspn(process, "0123456789");
  if (strncmp(process, "self/", 5) == 0) len = 4;
  if (strncmp(process, "thread-self/", 12) == 0) len = 11;
  const char *net = process + len;
  if (len == 0 || strncmp(net, "/net/", 5) != 0 || !shim_enabled()) return path;
  int saved = errno;
  if (is_network_shown() && is_same_network(process, len)) {
    int n = snprintf(to, PATH_LEN, "/proc%s", net);
    if (n < PATH_LEN) path = to;
  }
  errno = saved;
  return path;
}

static inline const char *shown(const char *path, char to[PATH_LEN]) {
  bool is_near = (uintptr_t)path >= FIRST_PAGE && strncmp(path, PROC, sizeof PROC - 1) == 0;
  return UNLIKELY(is_near) ? look_at(path, to) : path;
}

/* The mode is there if it is meant. */
#define MODE_AFTER(flags)                                          \
  mode_t mode = 0;                                                 \
  if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) {   \
    va_list list;                                                  \
    va_start(list, flags);                                         \
    mode = va_arg(list, mode_t);                                   \
    va_end(list);                                                  \
  }

EXPORT int open(const char *path, int flags, ...) {
  char to[PATH_LEN];
  MODE_AFTER(flags)
  return real()->open(shown(path, to), flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) {
  char to[PATH_LEN];
  MODE_AFTER(flags)
  return real()->open64(shown(path, to), flags, mode);
}

EXPORT int openat(int folder, const char *path, int flags, ...) {
  char to[PATH_LEN];
  MODE_AFTER(flags)
  return real()->openat(folder, shown(path, to), flags, mode);
}

EXPORT int openat64(int folder, const char *path, int flags, ...) {
  char to[PATH_LEN];
  MODE_AFTER(flags)
  return real()->openat64(folder, shown(path, to), flags, mode);
}

EXPORT FILE *fopen(const char *restrict path, const char *restrict mode) {
  char to[PATH_LEN];
  return real()->fopen(shown(path, to), mode);
}

EXPORT FILE *fopen64(const char *restrict path, const char *restrict mode) {
  char to[PATH_LEN];
  return real()->fopen64(shown(path, to), mode);
}
