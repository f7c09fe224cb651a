/* The filter of the second door (seccomp(2), SECCOMP_RET_USER_NOTIF): which calls of a program stop
 * until nuse has answered them. The program gets it before it is executed, and all that it starts
 * inherit it. What is answered, and how: io/app/door.
 *
 * A filter sees registers only. So what concerns a descriptor stops whosever it is, and nuse lets
 * it go on if it is not nuse's; but bytes never stop: read and write are not looked at, sendto and
 * recvfrom only with an address. The shim serves its program itself: it marks its calls in the
 * last argument register, which the kernel has no use for in any of them, and they pass.
 *
 * Not for keeping anything in: who wants to get past the filter copies the mark, and is in an empty
 * network namespace then (network.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "door_filter.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define ARCH_32 AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define ARCH_32 AUDIT_ARCH_ARM
#endif
/* x32 calls have the numbers of x86-64 with this bit. */
#define X32_BIT 0x40000000

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))
#define MAX_INSTRUCTIONS 192
#define MARK_ARGUMENT 5
/* SIOC*: 0x8900 to 0x89ff */
#define SOCKET_IOCTL_MASK 0xff00
#define SOCKET_IOCTLS 0x8900

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif

/* They take a descriptor of which only nuse knows whose it is; no more than five arguments. */
static const int STOPPED[] = {
  SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_getsockname, SYS_getpeername,
  SYS_getsockopt, SYS_setsockopt, SYS_shutdown, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg,
  SYS_recvmmsg,
};

/* Calls of 32-bit programs, which nuse does not serve. */
#if defined(__x86_64__)
static const int REFUSED_32[] = {102 /* socketcall */, 425 /* io_uring_setup */};
#define SOCKET_32 359
#else
static const int REFUSED_32[] = {425};
#define SOCKET_32 281
#endif

struct program {
  struct sock_filter code[MAX_INSTRUCTIONS];
  int len;
  uint64_t mark;
};

static void add(struct program *p, uint16_t code, uint8_t yes, uint8_t no, uint32_t k) {
  p->code[p->len++] = (struct sock_filter){code, yes, no, k};
}

static void load(struct program *p, size_t offset) {
  add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void load_argument(struct program *p, int argument, int half) {
  load(p, offsetof(struct seccomp_data, args) + 8 * (size_t)argument + 4 * (size_t)half);
}

static void answer(struct program *p, uint32_t verdict) { add(p, BPF_RET | BPF_K, 0, 0, verdict); }

/* Unless the accumulator is `value`, skips the next `count` instructions. */
static void unless(struct program *p, uint32_t value, int count) {
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, (uint8_t)count, value);
}

static void when(struct program *p, uint32_t value, uint32_t verdict) {
  unless(p, value, 1);
  answer(p, verdict);
}

#define ENOSYS_VERDICT (SECCOMP_RET_ERRNO | ENOSYS)

/* What is not marked stops. */
static void stop_unmarked(struct program *p) {
  load_argument(p, MARK_ARGUMENT, 0);
  unless(p, (uint32_t)p->mark, 3);
  load_argument(p, MARK_ARGUMENT, 1);
  unless(p, (uint32_t)(p->mark >> 32), 1);
  answer(p, SECCOMP_RET_ALLOW);
  answer(p, SECCOMP_RET_USER_NOTIF);
}
#define STOP_UNMARKED_LEN 6

/* Sockets of the domains that nuse serves, and packet sockets, which it refuses. */
static void stop_sockets(struct program *p) {
  unless(p, SYS_socket, 5 + STOP_UNMARKED_LEN);
  load_argument(p, 0, 0);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 2, 0, AF_PACKET);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_INET);
  unless(p, AF_INET6, STOP_UNMARKED_LEN);
  stop_unmarked(p);
  answer(p, SECCOMP_RET_ALLOW);
}

/* sendto and recvfrom with an address, or with a flag that a pair takes for something else. */
static void stop_addresses(struct program *p, uint32_t call) {
  unless(p, call, 8);
  load_argument(p, 4, 0);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0);
  load_argument(p, 4, 1);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
  load_argument(p, 3, 0);
  add(p, BPF_JMP | BPF_JSET | BPF_K, 1, 0, MSG_OOB | MSG_ERRQUEUE | MSG_FASTOPEN);
  answer(p, SECCOMP_RET_ALLOW);
  answer(p, SECCOMP_RET_USER_NOTIF);
}

static void stop_ioctls(struct program *p) {
  unless(p, SYS_ioctl, 4 + STOP_UNMARKED_LEN);
  load_argument(p, 1, 0);
  add(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, SOCKET_IOCTL_MASK);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SOCKET_IOCTLS);
  answer(p, SECCOMP_RET_ALLOW);
  stop_unmarked(p);
}

/* Other architectures' calls have other numbers. */
static void refuse_others(struct program *p) {
  load(p, offsetof(struct seccomp_data, arch));
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 2 * COUNT(REFUSED_32) + 12, 0, ARCH);
  add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH_32);
  answer(p, ENOSYS_VERDICT);
  load(p, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < COUNT(REFUSED_32); i++) when(p, (uint32_t)REFUSED_32[i], ENOSYS_VERDICT);
  unless(p, SOCKET_32, 7);
  load_argument(p, 0, 0);
  when(p, AF_INET, ENOSYS_VERDICT);
  when(p, AF_INET6, ENOSYS_VERDICT);
  when(p, AF_PACKET, ENOSYS_VERDICT);
  answer(p, SECCOMP_RET_ALLOW);
  load(p, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
  add(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
  answer(p, ENOSYS_VERDICT);
#endif
}

static void build(struct program *p) {
  refuse_others(p);
  for (int i = 0; i < COUNT(STOPPED); i++) {
    unless(p, (uint32_t)STOPPED[i], STOP_UNMARKED_LEN);
    stop_unmarked(p);
  }
  when(p, SYS_io_uring_setup, ENOSYS_VERDICT);
  stop_sockets(p);
  stop_addresses(p, SYS_sendto);
  stop_addresses(p, SYS_recvfrom);
  stop_ioctls(p);
  answer(p, SECCOMP_RET_ALLOW);
}

/* Hands the descriptor on by `door`, as this process could not be served yet if it stopped. */
static int hand_over(int door, int listener, uint64_t mark) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec iov = {"", 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  msg.msg_control = &control;
  msg.msg_controllen = sizeof control.bytes;
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &listener, sizeof listener);
  long n = syscall(SYS_sendmsg, door, &msg, MSG_NOSIGNAL, 0L, 0L, mark);
  return n < 0 ? -errno : 0;
}

/* Puts this process, and all that it will start, behind the door; the descriptor that tells of its
 * calls goes to the other end of `door`. Returns 0 or -errno: without CAP_SYS_ADMIN in its user
 * namespace -EACCES, under another door -EBUSY. */
int door_install(int door, uint64_t mark) {
  struct program p = {.mark = mark};
  build(&p);
  struct sock_fprog filter = {.len = (unsigned short)p.len, .filter = p.code};
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (listener < 0) return -errno;
  int r = hand_over(door, (int)listener, mark);
  close((int)listener);
  return r;
}
