/*
 * Other processes and what is under way (core/settle.h): a child that has ended may have sent and
 * closed before, and one that gets a signal may look at once.
 */
#include "../core/shim.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../core/fd_table.h"
#include "../core/real.h"
#include "../core/settle.h"

static void note_child(pid_t pid) {
  if (pid > 0 && table_has_socket()) settle_note(UNDER_WAY_CHANGES);
}

EXPORT pid_t wait(int *status) {
  pid_t pid = real()->wait(status);
  note_child(pid);
  return pid;
}

EXPORT pid_t waitpid(pid_t which, int *status, int options) {
  pid_t pid = real()->waitpid(which, status, options);
  note_child(pid);
  return pid;
}

EXPORT pid_t wait3(int *status, int options, struct rusage *usage) {
  pid_t pid = real()->wait3(status, options, usage);
  note_child(pid);
  return pid;
}

EXPORT pid_t wait4(pid_t which, int *status, int options, struct rusage *usage) {
  pid_t pid = real()->wait4(which, status, options, usage);
  note_child(pid);
  return pid;
}

EXPORT int waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
  int result = real()->waitid(type, id, info, options);
  if (result == 0) note_child(1);
  return result;
}

EXPORT int kill(pid_t pid, int signal) {
  settle();
  return real()->kill(pid, signal);
}
