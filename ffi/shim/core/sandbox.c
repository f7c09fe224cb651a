/*
 * A program in a seccomp sandbox may make only the system calls that it expects, and it expects
 * none of the shim's: it would be killed for ours.
 *
 * A filter (sshd before the log-in, vsftpd) gets a prologue that lets the calls pass of which the
 * shim is made, before the program's own instructions judge: what moves bytes over descriptors that
 * are there, and makes AF_UNIX pairs. So a socket in the sandbox works as one outside does. A
 * sandbox is wider by that, under nuse: docs/guide.md says so.
 *
 * The strict mode, which has no filter, allows read, write and exit: from there on streams are read
 * and written as if they were files, nothing is asked of the service, and what is not known yet is
 * not ours. So it is with a filter that has no room for the prologue.
 */
#include "sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "memory.h"
#include "process.h"
#include "real.h"
#include "rings.h"

#ifdef __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#else
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#define ANY (-1)
#define NR_OFF offsetof(struct seccomp_data, nr)
#define ARCH_OFF offsetof(struct seccomp_data, arch)
#define LOW_OFF(argument) (offsetof(struct seccomp_data, args) + 8 * (unsigned)(argument))

/* A call that the shim makes; `argument`, unless it is ANY, must be `value`. */
static const struct passed {
  int number, argument, value;
} passed[] = {
    {SYS_sendto, ANY, 0},           {SYS_recvfrom, ANY, 0},
    {SYS_sendmsg, ANY, 0},          {SYS_recvmsg, ANY, 0},
    {SYS_getsockopt, ANY, 0},       {SYS_setsockopt, ANY, 0},
    {SYS_shutdown, ANY, 0},         {SYS_fcntl, ANY, 0},
    {SYS_close, ANY, 0},            {SYS_dup, ANY, 0},
    {SYS_futex, ANY, 0},            {SYS_rt_sigprocmask, ANY, 0},
    {SYS_getpid, ANY, 0},           {SYS_gettid, ANY, 0},
    {SYS_fstat, ANY, 0},            {SYS_socketpair, 0, AF_UNIX},
    {SYS_ppoll, ANY, 0},
    {SYS_ioctl, 1, FIONREAD},       {SYS_tgkill, 2, SIGPIPE},
    {SYS_prlimit64, 2, 0}, /* only read */
#ifdef SYS_poll
    {SYS_poll, ANY, 0},
#endif
};

#define PASSED (sizeof passed / sizeof passed[0])
#define PROLOGUE_MAX (3 + 7 * PASSED)

#define LOAD(off) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(off))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (skip))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static size_t put(struct sock_filter *at, const struct sock_filter *code, size_t count) {
  memcpy(at, code, count * sizeof *code);
  return count;
}

/* The instructions of one row: allowed, or on to what follows. */
static size_t put_passed(struct sock_filter *at, const struct passed *row) {
  if (row->argument == ANY) {
    const struct sock_filter code[] = {LOAD(NR_OFF), UNLESS(row->number, 1), ALLOW};
    return put(at, code, 3);
  }
  unsigned low = LOW_OFF(row->argument);
  const struct sock_filter code[] = {LOAD(NR_OFF),          UNLESS(row->number, 5), LOAD(low),
                                     UNLESS(row->value, 3), LOAD(low + 4),          UNLESS(0, 1),
                                     ALLOW};
  return put(at, code, 7);
}

/* Returns its length. The accumulator is 0 at its end, as a filter finds it at its start. */
static size_t put_prologue(struct sock_filter *to) {
  size_t len = 2;
  for (size_t i = 0; i < PASSED; i++) len += put_passed(to + len, &passed[i]);
  /* Calls of another architecture have other numbers: over all this. The jump is a long one. */
  const struct sock_filter head[] = {LOAD(ARCH_OFF), UNLESS(OUR_ARCH, (uint8_t)(len - 2))};
  put(to, head, 2);
  to[len] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
  return len + 1;
}

_Static_assert(PROLOGUE_MAX < 256, "the jump over the prologue");

/* The program's `from` with the prologue before it, in `code`. False: it stays as it is. */
static bool widen(const void *from, struct sock_fprog *to, struct sock_filter *code) {
  struct sock_fprog theirs;
  if (!shim_enabled() || copy_in(&theirs, from, sizeof theirs) < 0) return false;
  if (theirs.len == 0 || theirs.len > BPF_MAXINSNS - PROLOGUE_MAX) return false;
  if (check_readable(theirs.filter, theirs.len * sizeof *code) < 0) return false;
  size_t len = put_prologue(code);
  memcpy(code + len, theirs.filter, theirs.len * sizeof *code);
  *to = (struct sock_fprog){.len = (unsigned short)(len + theirs.len), .filter = code};
  return true;
}

/* seccomp(), with the shim quiet from then on when it worked. */
static long enter_quietly(long operation, long flags, const void *argument) {
  bool was_entered = atomic_exchange(&sandbox_entered, true);
  long result = real()->syscall(SYS_seccomp, operation, flags, argument);
  if (result < 0) atomic_store(&sandbox_entered, was_entered);
  return result;
}

/* The strict mode as a filter: the kernel has the mode itself only for who has no filter yet, and
 * the second door is one. Nothing can be executed in there, so nobody misses new privileges. */
static long enter_strict(long flags, const void *argument) {
  static const struct sock_filter code[] = {
      LOAD(ARCH_OFF), UNLESS(OUR_ARCH, 9), LOAD(NR_OFF),
      UNLESS(SYS_read, 1), ALLOW, UNLESS(SYS_write, 1), ALLOW,
      UNLESS(SYS_exit, 1), ALLOW, UNLESS(SYS_rt_sigreturn, 1), ALLOW,
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD)};
  const struct sock_fprog filter = {sizeof code / sizeof code[0], (struct sock_filter *)code};
  long result = enter_quietly(SECCOMP_SET_MODE_STRICT, flags, argument);
  if (result == 0 || errno != EINVAL || flags != 0 || argument != NULL) return result;
  real()->prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
  return enter_quietly(SECCOMP_SET_MODE_FILTER, 0, &filter);
}

long sandbox_seccomp(long operation, long flags, const void *argument) {
  rings_leave(); /* what they take is not among what passes */
  struct sock_filter code[BPF_MAXINSNS];
  struct sock_fprog wider;
  if (operation == SECCOMP_SET_MODE_STRICT) return enter_strict(flags, argument);
  if (operation != SECCOMP_SET_MODE_FILTER) {
    return real()->syscall(SYS_seccomp, operation, flags, argument);
  }
  if (!widen(argument, &wider, code)) return enter_quietly(operation, flags, argument);
  long result = real()->syscall(SYS_seccomp, operation, flags, &wider);
  if (result >= 0) atomic_store(&sandbox_has_filter, true);
  return result;
}

int sandbox_prctl(unsigned long mode, const void *filter) {
  long operation = mode == SECCOMP_MODE_STRICT ? SECCOMP_SET_MODE_STRICT : SECCOMP_SET_MODE_FILTER;
  if (mode != SECCOMP_MODE_STRICT && mode != SECCOMP_MODE_FILTER) {
    return real()->prctl(PR_SET_SECCOMP, mode, filter);
  }
  return (int)sandbox_seccomp(operation, 0, mode == SECCOMP_MODE_FILTER ? filter : NULL);
}
