/* What a thread of nuse gives up once everything is set up (capabilities(7), seccomp(2)).
 *
 * Both are attributes of the calling thread, inherited by threads that it starts. The other threads
 * of the process share its memory and keep their own: this bounds what a fault in the stack's logic
 * can reach, not somebody who writes to memory at will.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "door_calls.h"
#include "filter.h"

#define API __attribute__((visibility("default")))

/* netmap's NIOCTXSYNC and NIOCRXSYNC (net/netmap.h), which carry no argument. */
#define NETMAP_TXSYNC _IO('i', 148)
#define NETMAP_RXSYNC _IO('i', 149)

/* What the loop calls, the commonest first, and what V8, glibc and the runtime call on its thread:
 * memory (the JIT's too), locks, signals, time, its own end. Nothing here names a file, makes a
 * socket to anywhere, starts a program or touches another process. */
static const int STACK_CALLS[] = {
#ifdef SYS_epoll_wait
  SYS_epoll_wait,
  SYS_poll,
#endif
  SYS_epoll_pwait, SYS_recvmsg, SYS_sendmsg, SYS_recvmmsg, SYS_sendmmsg, SYS_read, SYS_write,
  SYS_writev, SYS_sched_yield, SYS_futex, SYS_epoll_ctl, SYS_close, SYS_socketpair, SYS_shutdown,
  SYS_setsockopt, SYS_getsockopt, SYS_accept4, SYS_ppoll, SYS_eventfd2, SYS_recvfrom, SYS_sendto,
  SYS_readv, SYS_dup, SYS_fstat, SYS_lseek, SYS_getsockname,
  SYS_getpeername,
  /* memory */
  SYS_mmap, SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap, SYS_brk,
#ifdef SYS_pkey_mprotect
  SYS_pkey_mprotect,
#endif
  /* of a ring that a program shares (ring.c): memory without a name */
  SYS_memfd_create, SYS_ftruncate,
  /* threads, signals, time, randomness */
  SYS_membarrier, SYS_getrandom, SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep,
  SYS_nanosleep, SYS_gettimeofday, SYS_gettid, SYS_getpid, SYS_tgkill, SYS_rt_sigprocmask,
  SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack, SYS_set_robust_list, SYS_sched_getaffinity,
  SYS_sched_getscheduler, SYS_sched_getparam, SYS_getpriority, SYS_getppid, SYS_getuid,
  SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getcpu, SYS_getrusage, SYS_sysinfo,
  SYS_restart_syscall, SYS_exit, SYS_exit_group,
#ifdef SYS_rseq
  SYS_rseq,
#endif
#ifdef SYS_epoll_pwait2
  SYS_epoll_pwait2,
#endif
};

/* What the main thread has no use for once the program runs: it waits, passes signals on, removes
 * the folder of the run and ends. */
static const int MAIN_REFUSED[] = {
  SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_mount,
  SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare, SYS_bpf, SYS_perf_event_open,
  SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon,
  SYS_keyctl, SYS_add_key, SYS_request_key,
#ifdef SYS_open_by_handle_at
  SYS_open_by_handle_at,
#endif
};

/* What a PIPE needs to meet its other end again, at a path (io/devices/pipe/meeting.ts). */
static const int MEETING_CALLS[] = {
  SYS_connect, SYS_bind, SYS_listen, SYS_flock, SYS_unlinkat, SYS_statx, SYS_newfstatat,
  SYS_timerfd_settime,
#ifdef SYS_unlink
  SYS_unlink,
  SYS_lstat,
#endif
};
static const uint32_t MEETING_DOMAINS[] = {1 /* AF_UNIX */};

/* What the second door takes (door.c): the programs' descriptors and memory. Which processes', the
 * filter cannot tell; docs/security.md says what that costs. */
static const int DOOR_CALLS[] = {
  SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_open, SYS_pidfd_getfd, SYS_capget,
};

static const uint32_t STACK_IOCTLS[] = {
  FIONREAD, SIOCOUTQ, SIOCATMARK, FIONBIO, NETMAP_TXSYNC, NETMAP_RXSYNC, SECCOMP_IOCTL_NOTIF_RECV,
  SECCOMP_IOCTL_NOTIF_SEND, SECCOMP_IOCTL_NOTIF_ID_VALID, SECCOMP_IOCTL_NOTIF_ADDFD,
  SECCOMP_IOCTL_NOTIF_SET_FLAGS, PIDFD_GET_USER_NAMESPACE, NUSE_PIDFD_GET_INFO,
};
/* What makes the interfaces for packet sockets (io/capture) of descriptors that are there: in the
 * programs' network, for which they were opened. */
static const uint32_t CAPTURE_IOCTLS[] = {
  TUNSETIFF, TUNSETIFINDEX, TUNSETOFFLOAD, TUNSETVNETHDRSZ, TUNATTACHFILTER, SIOCSIFHWADDR,
  SIOCSIFMTU, SIOCSIFFLAGS,
};
static const uint32_t STACK_PRCTLS[] = {PR_SET_TIMERSLACK, PR_SET_NAME, 0x53564d41 /* SET_VMA */};
static const uint32_t STACK_FCNTLS[] = {1 /* GETFD */, 2 /* SETFD */, 3 /* GETFL */, 4 /* SETFL */,
                                        1033 /* ADD_SEALS */};

/* bind() of a unix socket to any name that is free; of no other kind is an address so short. */
static const uint32_t NAMELESS[] = {sizeof(unsigned short)};

/* Another architecture's calls have other numbers. */
static void begin(struct program *p) {
  p->len = 0;
  load(p, offsetof(struct seccomp_data, arch));
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
  answer(p, SECCOMP_RET_KILL_PROCESS);
  load(p, offsetof(struct seccomp_data, nr));
  refuse_x32(p);
}

static void each(struct program *p, const int *calls, int count, uint32_t verdict) {
  for (int i = 0; i < count; i++) when(p, (uint32_t)calls[i], verdict);
}

/* `call` with one of these numbers as its argument `which`; with others it is refused. */
static void with_argument(struct program *p, int call, int which, const uint32_t *values,
                          int count) {
  unless(p, (uint32_t)call, 2 * count + 2);
  load_argument(p, which, 0);
  for (int i = 0; i < count; i++) when(p, values[i], SECCOMP_RET_ALLOW);
  answer(p, REFUSE(EPERM));
}

/* A further thread is allowed, a further process or namespace is not. clone3 passes its flags in
 * memory, where a filter cannot see them: glibc then takes clone. */
static void only_threads(struct program *p) {
  when(p, SYS_clone3, REFUSE(ENOSYS));
  unless(p, SYS_clone, 4);
  load_argument(p, 0, 0);
  add(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, CLONE_THREAD);
  answer(p, SECCOMP_RET_ALLOW);
  answer(p, REFUSE(EPERM));
}

/* No program that this thread starts gains rights, and this thread gets none back. */
static int keep_capabilities(uint64_t kept) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct now[2], data[2];
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -errno;
  if (syscall(SYS_capget, &header, now) < 0) return -errno;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  /* Fails without CAP_SETPCAP; then the bound says nothing, as nothing can be executed. */
  for (int cap = 0; cap < 64; cap++) {
    if ((kept >> cap & 1) == 0) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  }
  for (int i = 0; i < 2; i++) {
    data[i].permitted = data[i].effective = now[i].permitted & (uint32_t)(kept >> 32 * i);
    data[i].inheritable = 0;
  }
  return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int install(struct program *p) {
  struct sock_fprog filter = {.len = (unsigned short)p->len, .filter = p->code};
  /* Without the flag, kernels before 5.16 make the thread's JIT code slow (SSBD). */
  unsigned flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  return r < 0 ? -errno : 0;
}

/* For the stack's thread, when its devices are open and it listens. `meets`: one is a PIPE; `door`:
 * it answers at the second door; `captures`: it makes interfaces for packet sockets. Returns 0 or
 * -errno. */
API int nuse_confine_stack(int meets, int door, int captures) {
  struct program p;
  uint32_t ioctls[COUNT(STACK_IOCTLS) + COUNT(CAPTURE_IOCTLS)];
  memcpy(ioctls, STACK_IOCTLS, sizeof STACK_IOCTLS);
  memcpy(ioctls + COUNT(STACK_IOCTLS), CAPTURE_IOCTLS, sizeof CAPTURE_IOCTLS);
  /* CAP_NET_ADMIN: large buffers of the pairs (SO_SNDBUFFORCE). What else it allows needs calls
   * that are refused. CAP_SYS_PTRACE: the programs may have rights that this thread has not. */
  int r = keep_capabilities(1ull << CAP_NET_ADMIN | (door ? 1ull << CAP_SYS_PTRACE : 0));
  if (r < 0) return r;
  begin(&p);
  each(&p, STACK_CALLS, COUNT(STACK_CALLS), SECCOMP_RET_ALLOW);
  with_argument(&p, SYS_ioctl, 1, ioctls, captures ? COUNT(ioctls) : COUNT(STACK_IOCTLS));
  with_argument(&p, SYS_prctl, 0, STACK_PRCTLS, COUNT(STACK_PRCTLS));
  with_argument(&p, SYS_fcntl, 1, STACK_FCNTLS, COUNT(STACK_FCNTLS));
  only_threads(&p);
  if (!meets) with_argument(&p, SYS_bind, 2, NAMELESS, COUNT(NAMELESS));
  else {
    each(&p, MEETING_CALLS, COUNT(MEETING_CALLS), SECCOMP_RET_ALLOW);
    with_argument(&p, SYS_socket, 0, MEETING_DOMAINS, COUNT(MEETING_DOMAINS));
  }
  if (door) each(&p, DOOR_CALLS, COUNT(DOOR_CALLS), SECCOMP_RET_ALLOW);
  answer(&p, REFUSE(EPERM));
  return install(&p);
}

/* For the main thread, when the program runs. Returns 0 or -errno. */
API int nuse_confine_main(void) {
  struct program p;
  /* CAP_KILL: the program may have become another user. */
  int r = keep_capabilities(1ull << CAP_KILL);
  if (r < 0) return r;
  begin(&p);
  each(&p, MAIN_REFUSED, COUNT(MAIN_REFUSED), REFUSE(EPERM));
  answer(&p, SECCOMP_RET_ALLOW);
  return install(&p);
}
