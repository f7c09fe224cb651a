/*
 * Programs that lock themselves into a seccomp sandbox.
 */
#ifndef NUSE_SANDBOX_H
#define NUSE_SANDBOX_H

#include "shim.h"

/* prctl(PR_SET_SECCOMP, mode, filter) and seccomp(operation, flags, argument): as those. */
int sandbox_prctl(unsigned long mode, const void *filter);
long sandbox_seccomp(long operation, long flags, const void *argument);

#endif
