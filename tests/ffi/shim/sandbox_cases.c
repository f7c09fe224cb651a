/* Calls by number, and calls in a seccomp sandbox. */
#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

CASE(calls_by_number) {
  char buf[16] = "";
  struct sockaddr_in from;
  struct iovec iov = {buf, sizeof buf};
  struct mmsghdr vector = {.msg_hdr = {.msg_name = &from, .msg_namelen = sizeof from,
                                       .msg_iov = &iov, .msg_iovlen = 1}};
  int fd = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
  CHECK(syscall(SYS_sendto, fd, "hello", 5, 0, at(5000), AT_LEN) == 5);
  CHECK(syscall(SYS_recvmmsg, fd, &vector, 1, 0, NULL) == 1);
  CHECK(vector.msg_len == 5 && memcmp(buf, "hello", 5) == 0 && from.sin_port == htons(5000));
  CHECK(syscall(SYS_connect, fd, at(5000), AT_LEN) == 0);
  CHECK(syscall(SYS_write, fd, "again", 5) == 5 && syscall(SYS_read, fd, buf, 16) == 5);
  errno = 0;
  CHECK(syscall(SYS_getsockname, fd, (void *)8, &(socklen_t){16}) == -1 && errno == EFAULT);
  CHECK(syscall(SYS_close, fd) == 0);
  CHECK(syscall(SYS_getpid) == getpid());
}

#define PASS(number)                                                                               \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* All but these calls give EPERM, or end the process. */
static struct sock_filter lock[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    PASS(SYS_read), PASS(SYS_write), PASS(SYS_exit_group), PASS(SYS_rt_sigreturn),
    PASS(SYS_sched_yield),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};
static struct sock_fprog program = {sizeof lock / sizeof lock[0], lock};

static void lock_up(bool is_deadly) {
  if (!is_deadly) lock[program.len - 1].k = SECCOMP_RET_ERRNO | EPERM;
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

static void works_locked_up(void) {
  char buf[16];
  int fd = udp(), stream = connected(PORT_ECHO);
  CHECK(sendto(fd, "hello", 5, 0, at(5000), AT_LEN) == 5);
  CHECK(recv(fd, buf, sizeof buf, 0) == 5 && memcmp(buf, "hello", 5) == 0);
  echo_works(stream);
  CHECK(so_error(stream) == 0 && close(stream) == 0);
}

CASE(sandbox_by_prctl) {
  udp();
  lock_up(true);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
  works_locked_up();
  _exit(0);
}

CASE(sandbox_by_number) {
  udp();
  lock_up(true);
  CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
  works_locked_up();
  _exit(0);
}

CASE(sandbox_still_locks) {
  int fd = udp();
  lock_up(false);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
  FAILS(EPERM, past_shim(SYS_getppid));
  FAILS(EPERM, socket(AF_UNIX, SOCK_STREAM, 0));
  FAILS(EPERM, (int)past_shim(SYS_socketpair, AF_INET, SOCK_STREAM, 0, NULL));
  FAILS(EPERM, (int)past_shim(SYS_ioctl, fd, 0x5411, &(int){0}));
  works_locked_up();
}

CASE(sandbox_that_is_refused) {
  struct sock_fprog none = {0, lock};
  FAILS(EINVAL, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &none));
  FAILS(EFAULT, prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (void *)8));
  FAILS(EINVAL, prctl(PR_SET_SECCOMP, 77, &program));
  works_locked_up();
}
