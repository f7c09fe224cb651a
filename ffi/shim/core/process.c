/*
 * What belongs to this process: its environment, and a page that a fork does not inherit.
 *
 * Probed on Linux 6.18: a MADV_WIPEONFORK page reads as zeroes in the child of fork (by whatever
 * call it was made: fork, _Fork, clone) and keeps its contents in a vfork child and in threads. So
 *   page zero          a fresh process: no connection, and nobody holds the lock (whoever held it
 *                      at the fork is not here);
 *   pid on it differs  we run in a vfork child (or clone(CLONE_VM)): the memory is the parent's,
 *                      the descriptors are not. Such a child only prepares an exec: it must not
 *                      change the table. What it has to say goes over its parent's connection.
 */
#include "process.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE_LEN 4096

static char service_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
static const char *own_file = "";
static int service_pid;
static bool is_secure;
static atomic_bool is_left_a_connection;
static atomic_int environment_read; /* 0 no, 1 yes */
static struct process_page *_Atomic page;
static struct process_page fallback_page;

atomic_bool sandbox_entered;
atomic_bool sandbox_has_filter;

void shim_read_environment(void) {
  const char *path = getenv("NUSE_SOCK");
  const char *pid = getenv("NUSE_PPID");
  if (path != NULL && strlen(path) < sizeof service_path) strcpy(service_path, path);
  if (pid != NULL) service_pid = atoi(pid);
  Dl_info info; /* now: dladdr takes a lock, which a child of a fork might find held */
  if (dladdr((void *)shim_read_environment, &info) != 0) own_file = info.dli_fname;
  is_secure = getauxval(AT_SECURE) != 0;
  atomic_store_explicit(&environment_read, 1, memory_order_release);
}

static inline void need_environment(void) {
  if (UNLIKELY(atomic_load_explicit(&environment_read, memory_order_acquire) == 0)) {
    shim_read_environment();
  }
}

bool shim_enabled(void) {
  need_environment();
  return service_path[0] != '\0' ||
         atomic_load_explicit(&is_left_a_connection, memory_order_relaxed);
}

void shim_enable(void) { atomic_store(&is_left_a_connection, true); }

const char *shim_path(void) {
  need_environment();
  return service_path;
}

const char *shim_file(void) {
  need_environment();
  return own_file;
}

int shim_service_pid(void) {
  need_environment();
  return service_pid;
}

bool shim_is_secure(void) {
  need_environment();
  return is_secure;
}

static struct process_page *make_page(void) {
  int saved = errno;
  struct process_page *expected = NULL;
  struct process_page *fresh = mmap(NULL, PAGE_LEN, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fresh == MAP_FAILED) {
    fresh = &fallback_page;
  } else {
    madvise(fresh, PAGE_LEN, MADV_WIPEONFORK);
  }
  if (!atomic_compare_exchange_strong(&page, &expected, fresh)) {
    if (fresh != &fallback_page) munmap(fresh, PAGE_LEN);
    fresh = expected;
  }
  errno = saved;
  return fresh;
}

struct process_page *process_page(void) {
  struct process_page *p = atomic_load_explicit(&page, memory_order_acquire);
  if (UNLIKELY(p == NULL)) p = make_page();
  if (UNLIKELY(atomic_load_explicit(&p->pid, memory_order_relaxed) == 0)) {
    int none = 0;
    atomic_compare_exchange_strong(&p->pid, &none, getpid());
  }
  return p;
}

bool process_is_borrowed(void) {
  if (process_is_sandboxed()) return false;
  struct process_page *p = process_page();
  return atomic_load_explicit(&p->pid, memory_order_relaxed) != getpid();
}

void process_end(void) {
  for (;;) kill(getpid(), SIGKILL);
}

/* Also where the kernel did not wipe the page (before 4.14), and so that the pid is ours before
 * a vfork. */
void process_after_fork(void) {
  struct process_page *p = atomic_load_explicit(&page, memory_order_acquire);
  if (p == NULL) return;
  memset(p, 0, sizeof *p);
  atomic_store_explicit(&p->pid, getpid(), memory_order_relaxed);
}
