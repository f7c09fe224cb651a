/*
 * Programs that lock themselves into a seccomp sandbox (sshd before the log-in) are killed for any
 * system call that they do not expect, and they expect none of the shim's. From there on streams
 * are read and written as if they were files, nothing is asked of the service, and what is not
 * known yet is not ours.
 */
#include "../core/shim.h"

#include <linux/prctl.h>
#include <stdarg.h>

#include "../core/process.h"
#include "../core/real.h"

EXPORT int prctl(int option, ...) {
  unsigned long arguments[4];
  va_list list;
  va_start(list, option);
  for (int i = 0; i < 4; i++) arguments[i] = va_arg(list, unsigned long);
  va_end(list);
  if (option == PR_SET_SECCOMP) atomic_store(&sandbox_entered, true);
  int result =
      real()->prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
  if (option == PR_SET_SECCOMP && result != 0) atomic_store(&sandbox_entered, false);
  return result;
}
