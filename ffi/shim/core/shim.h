/*
 * The preload shim: what its parts share. Theory of operation.
 *
 *   program -> calls/ -> core/fd_table: what is this descriptor? -+- foreign: libc itself
 *                |                                                +- stream/: libc on the pair
 *                v                                                +- datagram/: + 64-byte header
 *          core/control: a request, answered by the service (names, options, connect, ...)
 *
 * Every nuse socket is one end of an AF_UNIX pair whose other end the service holds, so that most
 * calls need no help at all; how its readiness comes about is told in io/app/endpoint/endpoint.ts.
 * What decides semantics is in the service; the shim moves bytes and turns -errno into errno (in
 * shim_return, nowhere else). No allocation on data paths.
 *
 * Inside the shim a result is n or -errno, and libc is called through `real` only.
 */
#ifndef NUSE_SHIM_H
#define NUSE_SHIM_H

/* Before any system header: shim.h is the first include of every source. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "../protocol.h"

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* The one place where -errno becomes errno. `saved` is errno at entry: success does not change
 * it. */
static inline long shim_return(long result, int saved) {
  errno = result < 0 ? (int)-result : saved;
  return result < 0 ? -1 : result;
}

/* The other direction, for the result of a libc call just made. */
static inline long sys_result(long result) { return result < 0 ? -errno : result; }

#endif
