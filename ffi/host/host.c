/* System calls for nuse itself, as ffi/libc.ts imports them.
 *
 * Every function returns n or -errno: errno cannot be read safely from JavaScript, whose engine
 * may run calls of its own in between. Functions of the data path take the arena's base and 32-bit
 * offsets into it, so that a call costs no conversion. Nothing here decides anything. Structs that
 * hold pointers are filled here where the memory pointed at lives no longer than the call.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "closer.h"

#define API __attribute__((visibility("default")))

#define US_PER_S 1000000
#define NS_PER_US 1000

static int result(long r) { return r < 0 ? -errno : (int)r; }

/* ---- descriptors that come along ---- */

/* Nobody asked for descriptors on a pair; a message may carry them all the same. Without room for
 * them the kernel would drop them on this thread, and closing them may take long. */
#define MAX_RIGHTS 253 /* SCM_MAX_FD */
#define RIGHTS_SPACE CMSG_SPACE(MAX_RIGHTS * sizeof(int)) /* message.ts has it, too */

/* Hands the descriptors of a message on to the closer, but for the first `room`: to `kept`. */
static void take_rights(struct msghdr *msg, int *kept, int room) {
  int used = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      if (used < room) kept[used++] = fd;
      else nuse_close_later(fd);
    }
  }
}

/* ---- data path ---- */

static size_t pieces(struct iovec v[2], uint8_t *base, int off0, int len0, int off1, int len1) {
  v[0] = (struct iovec){base + off0, (size_t)len0};
  v[1] = (struct iovec){base + off1, (size_t)len1};
  return len1 > 0 ? 2 : 1;
}

API int nuse_recv(int fd, uint8_t *base, int off0, int len0, int off1, int len1, int flags) {
  _Alignas(struct cmsghdr) char control[RIGHTS_SPACE];
  struct iovec iov[2];
  struct msghdr msg = {.msg_iov = iov};
  msg.msg_iovlen = pieces(iov, base, off0, len0, off1, len1);
  msg.msg_control = control;
  msg.msg_controllen = sizeof control;
  int n = result(recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC));
  if (n >= 0 && msg.msg_controllen > 0) take_rights(&msg, NULL, 0);
  return n;
}

API int nuse_send(int fd, uint8_t *base, int off0, int len0, int off1, int len1, int flags) {
  struct iovec iov[2];
  struct msghdr msg = {.msg_iov = iov};
  msg.msg_iovlen = pieces(iov, base, off0, len0, off1, len1);
  return result(sendmsg(fd, &msg, flags | MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* A message of no bytes that had control messages, which are lost, says so by MSG_CTRUNC: with
 * SO_PASSCRED that tells it from the end. Only what came is touched: a table is as long as the
 * longest batch, and most are short. */
API int nuse_recvmmsg(int fd, uint8_t *base, int table_off, int count, int flags) {
  struct mmsghdr *table = (struct mmsghdr *)(base + table_off);
  /* Without MSG_CMSG_CLOEXEC, which a packet socket refuses: nothing is executed any more. */
  int n = result(recvmmsg(fd, table, (unsigned)count, flags, NULL));
  for (int i = 0; i < n && table[i].msg_hdr.msg_control != NULL; i++) {
    if (table[i].msg_hdr.msg_controllen > 0) {
      take_rights(&table[i].msg_hdr, NULL, 0);
      if (table[i].msg_len == 0) table[i].msg_hdr.msg_flags |= MSG_CTRUNC;
    }
    table[i].msg_hdr.msg_controllen = RIGHTS_SPACE;
  }
  return n;
}

API int nuse_sendmmsg(int fd, uint8_t *base, int table_off, int count, int flags) {
  struct mmsghdr *table = (struct mmsghdr *)(base + table_off);
  return result(sendmmsg(fd, table, (unsigned)count, flags | MSG_NOSIGNAL | MSG_DONTWAIT));
}

API int nuse_read(int fd, uint8_t *base, int off, int len) {
  return result(read(fd, base + off, (size_t)len));
}

API int nuse_writev(int fd, uint8_t *base, int iov_off, int iov_count) {
  return result(writev(fd, (struct iovec *)(base + iov_off), iov_count));
}

API double nuse_clock_us(int clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * US_PER_S + (double)(t.tv_nsec / NS_PER_US);
}

/* Waits for an event until the deadline, in microseconds of CLOCK_MONOTONIC; 0: does not wait;
 * INFINITY: for ever. */
API int nuse_epoll_wait(int epfd, uint8_t *base, int off, int max, double deadline_us) {
  struct epoll_event *events = (struct epoll_event *)(base + off);
  if (isinf(deadline_us)) return result(epoll_wait(epfd, events, max, -1));
  double wait_us = deadline_us > 0 ? deadline_us - nuse_clock_us(CLOCK_MONOTONIC) : 0;
  if (wait_us <= 0) return result(epoll_wait(epfd, events, max, 0));
#ifdef SYS_epoll_pwait2
  struct timespec t = {.tv_sec = (time_t)(wait_us / US_PER_S)};
  t.tv_nsec = (long)((wait_us - (double)t.tv_sec * US_PER_S) * NS_PER_US);
  int n = result(syscall(SYS_epoll_pwait2, epfd, events, max, &t, NULL, 0));
  if (n != -ENOSYS) return n;
#endif
  double wait_ms = ceil(wait_us / 1000);
  return result(epoll_wait(epfd, events, max, wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms));
}

API int nuse_poll(int fd, int events, int timeout_ms) {
  struct pollfd p = {.fd = fd, .events = (short)events};
  int n = poll(&p, 1, timeout_ms);
  return n < 0 ? -errno : p.revents;
}

/* ---- descriptors over AF_UNIX ---- */

API int nuse_send_fd(int fd, uint8_t *base, int off, int len, int pass_fd) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec iov = {base + off, (size_t)len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  if (pass_fd >= 0) {
    msg.msg_control = &control;
    msg.msg_controllen = sizeof control.bytes;
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &pass_fd, sizeof pass_fd);
  }
  return result(sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* The first two descriptors are kept, others are closed: a peer cannot fill our table. */
API int nuse_recv_fd(int fd, uint8_t *base, int off, int len, int fd_off, int flags) {
  _Alignas(struct cmsghdr) char control[RIGHTS_SPACE];
  struct iovec iov = {base + off, (size_t)len};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  msg.msg_control = control;
  msg.msg_controllen = sizeof control;
  int kept[2] = {-1, -1};
  int n = result(recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC));
  if (n >= 0) take_rights(&msg, kept, 2);
  memcpy(base + fd_off, kept, sizeof kept);
  return n;
}

/* ---- set-up ---- */

API int nuse_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

/* data.u64 is two int32: the caller's token (low) and generation (high). */
API int nuse_epoll_ctl(int epfd, int op, int fd, uint32_t events, int token, int generation) {
  struct epoll_event e = {.events = events};
  e.data.u64 = (uint64_t)(uint32_t)generation << 32 | (uint32_t)token;
  return result(epoll_ctl(epfd, op, fd, &e));
}

API int nuse_timerfd(void) {
  return result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

/* Expires once, in so many milliseconds; 0: never. */
API int nuse_timerfd_set(int fd, int ms) {
  struct itimerspec spec = {.it_value = {ms / 1000, (long)(ms % 1000) * 1000000}};
  return result(timerfd_settime(fd, 0, &spec, NULL));
}

API int nuse_eventfd(void) { return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

API int nuse_socket(int domain, int type, int protocol) {
  return result(socket(domain, type, protocol));
}

API int nuse_socketpair(int domain, int type, int protocol, int32_t *fds) {
  return result(socketpair(domain, type, protocol, fds));
}

API int nuse_bind(int fd, const void *addr, int len) {
  return result(bind(fd, addr, (socklen_t)len));
}

/* Gives an end of a unix pair a name, any that is free; -EINVAL: it has one, or the other end has.
 * Only we name ends, so that one whose other end we hold already is known. */
API int nuse_claim_end(int fd) {
  struct sockaddr_un peer, none = {.sun_family = AF_UNIX};
  socklen_t len = sizeof peer;
  if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0) return -errno;
  if (len > sizeof none.sun_family) return -EINVAL;
  return result(bind(fd, (struct sockaddr *)&none, sizeof none.sun_family));
}

/* What is read next is the file's beginning. Returns 0 or -errno. */
API int nuse_rewind(int fd) { return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0; }

/* The inode of a socket, as /proc/PID/fd shows it; 0: it is none. */
API uint32_t nuse_inode(int fd) {
  struct stat info;
  return syscall(SYS_fstat, fd, &info) < 0 ? 0 : (uint32_t)info.st_ino;
}

/* Returns the length of the name. */
API int nuse_getsockname(int fd, void *addr, int len) {
  socklen_t name_len = (socklen_t)len;
  return getsockname(fd, addr, &name_len) < 0 ? -errno : (int)name_len;
}

API int nuse_connect(int fd, const void *addr, int len) {
  return result(connect(fd, addr, (socklen_t)len));
}

API int nuse_listen(int fd, int backlog) { return result(listen(fd, backlog)); }

API int nuse_accept4(int fd, int flags) { return result(accept4(fd, NULL, NULL, flags)); }

API int nuse_shutdown(int fd, int how) { return result(shutdown(fd, how)); }

API int nuse_setsockopt(int fd, int level, int name, const void *value, int len) {
  return result(setsockopt(fd, level, name, value, (socklen_t)len));
}

/* Returns the length of the value. */
API int nuse_getsockopt(int fd, int level, int name, void *value, int len) {
  socklen_t value_len = (socklen_t)len;
  if (getsockopt(fd, level, name, value, &value_len) < 0) return -errno;
  return (int)value_len;
}

API int nuse_attach_filter(int fd, const void *instructions, int count) {
  struct sock_fprog program = {.len = (unsigned short)count};
  program.filter = (struct sock_filter *)(uintptr_t)instructions;
  return result(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

API int nuse_ioctl(int fd, uint32_t request, void *argument) {
  return result(ioctl(fd, (unsigned long)request, argument));
}

/* For requests whose argument is a number, not a pointer. */
API int nuse_ioctl_value(int fd, uint32_t request, uint32_t value) {
  return result(ioctl(fd, (unsigned long)request, (unsigned long)value));
}

API int nuse_ioctl_int(int fd, uint32_t request) {
  int value = 0;
  return ioctl(fd, (unsigned long)request, &value) < 0 ? -errno : value;
}

/* The struct at `argument` holds at `at` the address of `pointed`. */
API int nuse_ioctl_pointing(int fd, uint32_t request, uint8_t *argument, int at, void *pointed) {
  memcpy(argument + at, &pointed, sizeof pointed);
  return result(ioctl(fd, (unsigned long)request, argument));
}

/* SIOCETHTOOL: `ifr` is a struct ifreq with the name set, `command` one of ethtool's structs. */
API int nuse_ethtool(int fd, void *ifr, void *command) {
  ((struct ifreq *)ifr)->ifr_data = command;
  return result(ioctl(fd, SIOCETHTOOL, ifr));
}

API int nuse_open(const char *path, int flags, int mode) {
  return result(open(path, flags, (mode_t)mode));
}

API int nuse_close(int fd) { return result(close(fd)); }

API int nuse_write(int fd, const void *bytes, int len) {
  return result(write(fd, bytes, (size_t)len));
}

API int nuse_setns(int fd, int type) { return result(setns(fd, type)); }

API int nuse_timer_slack(int ns) {
  return result(prctl(PR_SET_TIMERSLACK, (unsigned long)ns, 0, 0, 0));
}

API int nuse_yield_cpu(void) {
  return result(sched_yield());
}

API int nuse_bpf(int command, void *attributes, int len) {
  return result(syscall(SYS_bpf, command, attributes, (unsigned)len));
}

/* BPF_PROG_LOAD of `count` instructions of 8 bytes; what the verifier says goes to `log`. */
API int nuse_bpf_load(int type, const void *instructions, int count, char *log, int log_len) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = (uint32_t)type;
  attributes.insns = (uintptr_t)instructions;
  attributes.insn_cnt = (uint32_t)count;
  attributes.license = (uintptr_t) "MIT";
  attributes.log_buf = (uintptr_t)log;
  attributes.log_size = (uint32_t)log_len;
  attributes.log_level = log_len > 0 ? 1 : 0;
  return result(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, (unsigned)sizeof attributes));
}

/* Maps `size` (a power of two) bytes of zeroes, reserved as touched, at a multiple of `size`. */
API int nuse_map_aligned(int size, uint64_t *address) {
  size_t len = (size_t)size;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  uint8_t *p = mmap(NULL, 2 * len, PROT_NONE, flags, -1, 0);
  if (p == MAP_FAILED) return -errno;
  uint8_t *aligned = (uint8_t *)(((uintptr_t)p + len - 1) & ~(uintptr_t)(len - 1));
  if (aligned > p) munmap(p, (size_t)(aligned - p));
  munmap(aligned + len, (size_t)(p + len - aligned));
  if (mprotect(aligned, len, PROT_READ | PROT_WRITE) < 0) {
    int error = errno;
    munmap(aligned, len);
    return -error;
  }
  *address = (uintptr_t)aligned;
  return 0;
}

API int nuse_discard(uint8_t *base, int off, int len) {
  return result(madvise(base + off, (size_t)len, MADV_DONTNEED));
}

/* Puts the first `len` bytes of a descriptor's memory in the place of those at `off`. */
API int nuse_map_shared(int fd, uint8_t *base, int off, int len) {
  int flags = MAP_SHARED | MAP_FIXED;
  void *p = mmap(base + off, (size_t)len, PROT_READ | PROT_WRITE, flags, fd, 0);
  return p == MAP_FAILED ? -errno : 0;
}

/* The reverse: private memory of zeroes again. */
API int nuse_map_private(uint8_t *base, int off, int len) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  void *p = mmap(base + off, (size_t)len, PROT_READ | PROT_WRITE, flags, -1, 0);
  return p == MAP_FAILED ? -errno : 0;
}
