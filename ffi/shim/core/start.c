/*
 * What happens when the shim is loaded, and around a fork.
 */
#include "control.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
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

/* Removes `name` from the environment; its number, or 0. By hand: a program may have an unsetenv of
 * its own that is not ready yet (bash's works on the shell's variables). */
static int take_number(const char *name) {
  size_t len = strlen(name);
  int number = 0;
  char **kept = environ;
  if (kept == NULL) return 0;
  for (char **entry = environ; *entry != NULL; entry++) {
    bool is_name = strncmp(*entry, name, len) == 0 && (*entry)[len] == '=';
    if (is_name) number = atoi(*entry + len + 1);
    else *kept++ = *entry;
  }
  *kept = NULL;
  return number;
}

/* A program dies with the nuse that has started it, which need not be the one that serves it. Its
 * own children do not: the setting is not inherited by fork. */
static void die_with_parent(void) {
  int parent = take_number("NUSE_PDEATHSIG");
  if (parent <= 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) raise(SIGKILL);
}

__attribute__((constructor)) static void shim_start(void) {
  int saved = errno;
  real();
  shim_read_environment();
  process_page();
  pthread_atfork(before_fork, NULL, process_after_fork);
  die_with_parent();
  control_begin();
  errno = saved;
}
