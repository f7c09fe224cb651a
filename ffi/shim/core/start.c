/*
 * What happens when the shim is loaded, and around a fork.
 */
#include "control.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fd_table.h"
#include "process.h"
#include "real.h"
#include "rings.h"

/* Who serves by children that wait on its listeners would replace those that have ended for want
 * of a network, for ever: it ends too. */
static void before_fork(void) {
  int saved = errno;
  rings_leave();
  if (channel_is_hung_up() && table_has_listener() && control_is_lost()) process_end();
  errno = saved;
}

/* Removes `name` from the environment; whether it was there as "1". By hand: a program may have an
 * unsetenv of its own that is not ready yet (bash's works on the shell's variables). */
static bool take_flag(const char *name) {
  size_t len = strlen(name);
  bool is_set = false;
  char **kept = environ;
  if (kept == NULL) return false;
  for (char **entry = environ; *entry != NULL; entry++) {
    bool is_name = strncmp(*entry, name, len) == 0 && (*entry)[len] == '=';
    if (is_name) is_set = strcmp(*entry + len + 1, "1") == 0;
    else *kept++ = *entry;
  }
  *kept = NULL;
  return is_set;
}

/* The first program dies with nuse. Its own children do not: the setting is not inherited by
 * fork. */
static void die_with_service(void) {
  if (!take_flag("NUSE_PDEATHSIG")) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (shim_service_pid() > 0 && getppid() != shim_service_pid()) raise(SIGKILL);
}

__attribute__((constructor)) static void shim_start(void) {
  int saved = errno;
  real();
  shim_read_environment();
  process_page();
  pthread_atfork(before_fork, NULL, process_after_fork);
  die_with_service();
  control_begin();
  errno = saved;
}
