/*
 * prctl, for PR_SET_SECCOMP: core/sandbox.c.
 */
#include "../core/shim.h"

#include <stdarg.h>
#include <sys/prctl.h>

#include "../core/real.h"
#include "../core/sandbox.h"

EXPORT int prctl(int option, ...) {
  unsigned long arguments[4];
  va_list list;
  va_start(list, option);
  for (int i = 0; i < 4; i++) arguments[i] = va_arg(list, unsigned long);
  va_end(list);
  if (option == PR_SET_SECCOMP) return sandbox_prctl(arguments[0], (const void *)arguments[1]);
  return real()->prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
}
