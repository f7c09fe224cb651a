/* Bytes on an established stream, and its ends. */
#include "check.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

CASE(stream_calls) {
  int fd = connected(PORT_ECHO);
  char a[3], b[4];
  struct iovec out[2] = {{"abc", 3}, {"defg", 4}};
  struct iovec in[2] = {{a, 3}, {b, 4}};
  char control[64];
  struct sockaddr_in from;
  struct msghdr msg = {.msg_iov = in, .msg_iovlen = 2, .msg_name = &from,
                       .msg_namelen = sizeof from, .msg_control = control,
                       .msg_controllen = sizeof control};
  socklen_t len = sizeof from;
  CHECK(writev(fd, out, 2) == 7);
  CHECK(recvmsg(fd, &msg, MSG_WAITALL) == 7);
  CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0);
  CHECK(msg.msg_namelen == 0 && msg.msg_controllen == 0 && msg.msg_flags == 0);
  CHECK(sendto(fd, "wxyz", 4, 0, at(1), AT_LEN) == 4);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
  CHECK(recvfrom(fd, b, 4, MSG_PEEK, (struct sockaddr *)&from, &len) == 4 && len == 0);
  CHECK(readv(fd, in, 2) == 4 && a[0] == 'w' && b[0] == 'z');
  CHECK(send(fd, "", 0, 0) == 0);
  CHECK(read(fd, b, 0) == 0);
  CHECK(recv(fd, b, 0, MSG_DONTWAIT) <= 0);
}

CASE(stream_flags) {
  int fd = connected(PORT_ECHO);
  char c;
  struct timeval timeout = {0, 30000};
  FAILS(EINVAL, recv(fd, &c, 1, MSG_OOB));
  FAILS(EAGAIN, recv(fd, &c, 1, MSG_ERRQUEUE));
  FAILS(EAGAIN, recv(fd, &c, 1, MSG_DONTWAIT));
  FAILS(EISCONN, send(fd, "x", 1, MSG_FASTOPEN));
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
  FAILS(EAGAIN, read(fd, &c, 1));
  CHECK(send(fd, "xy", 2, MSG_MORE | MSG_ZEROCOPY) == 2);
  CHECK(recv(fd, &c, 1, 0) == 1);
}

CASE(stream_urgent_sent) {
  static char block[1 << 27]; /* more than the pair has room for, unless the service keeps up */
  int fd = connected(PORT_ECHO);
  struct iovec iov[2] = {{"ab", 2}, {"!", 1}};
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
  int posts = requests(fd, NUSE_OP_MORE), tries = 100;
  CHECK(send(fd, "", 0, MSG_OOB) == 0 && requests(fd, NUSE_OP_MORE) == posts);
  CHECK(send(fd, "!", 1, MSG_OOB) == 1 && fake_get(fd, FAKE_URGENT) == 1);
  CHECK(sendmsg(fd, &msg, MSG_OOB) == 3 && fake_get(fd, FAKE_URGENT) == 3);
  CHECK(requests(fd, NUSE_OP_MORE) == posts + 2);
  long n;
  do n = send(fd, block, sizeof block, MSG_OOB | MSG_DONTWAIT);
  while (n == (long)sizeof block && --tries > 0);
  CHECK(n > 0 && n < (long)sizeof block && fake_get(fd, FAKE_URGENT) == n);
}

CASE(stream_urgent_received) {
  int fd = connected(PORT_ECHO), waiting = -1;
  char text[10] = "";
  FAILS(EINVAL, recv(fd, text, 1, MSG_OOB));
  fake_set(fd, FAKE_ANNOUNCED, 1);
  FAILS(EAGAIN, recv(fd, text, 1, MSG_OOB));
  CHECK(sockatmark(fd) == 1);
  fake_set(fd, FAKE_ANNOUNCED, 0);
  fake_set(fd, FAKE_URGENT, 4);
  CHECK(wait_for(fd, POLLPRI, LIMIT_MS) == POLLPRI);
  CHECK(wait_for(fd, POLLIN | POLLPRI, 0) == (POLLIN | POLLPRI));
  CHECK(ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 3 && sockatmark(fd) == 0);
  CHECK(recv(fd, text, sizeof text, 0) == 3 && sockatmark(fd) == 1);
  CHECK(wait_for(fd, POLLIN | POLLPRI, 0) == POLLPRI);
  FAILS(EFAULT, recv(fd, (char *)8, 1, MSG_OOB | MSG_PEEK));
  CHECK(recv(fd, text, 0, MSG_OOB | MSG_PEEK) == 0);
  CHECK(recv(fd, text, sizeof text, MSG_OOB) == 1 && text[0] == '3');
  CHECK(wait_for(fd, POLLIN | POLLPRI, 0) == 0 && sockatmark(fd) == 1);
  FAILS(EAGAIN, recv(fd, text, 1, MSG_DONTWAIT));
  CHECK(sockatmark(fd) == 0);
}

/* Who looks out for urgent data says so once, whichever way. */
CASE(stream_urgent_watched) {
  struct pollfd p = {.events = POLLPRI};
  struct epoll_event event = {.events = EPOLLPRI};
  int epoll_fd = epoll_create1(0), pid = getpid();
  for (int way = 0; way < 6; way++) {
    int fd = p.fd = connected(PORT_ECHO);
    int asked = requests(fd, NUSE_OP_URGENT);
    struct timeval none = {0};
    fd_set except;
    FD_ZERO(&except);
    FD_SET(fd, &except);
    for (int twice = 0; twice < 2; twice++) {
      if (way == 0) CHECK(poll(&p, 1, 0) == 0);
      if (way == 1) CHECK(poll(&p, 1, 1) == 0);
      int op = twice ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
      if (way == 2) CHECK(epoll_ctl(epoll_fd, op, fd, &event) == 0);
      if (way == 3) CHECK(select(fd + 1, NULL, NULL, &except, &none) == 0);
      if (way == 4) CHECK(fcntl(fd, F_SETOWN, pid) == 0);
      if (way == 5) CHECK(ioctl(fd, FIOSETOWN, &pid) == 0);
      FD_SET(fd, &except);
    }
    CHECK(requests(fd, NUSE_OP_URGENT) == asked + 1);
  }
  FAILS(EFAULT, select(64, NULL, NULL, (fd_set *)8, NULL));
}

CASE(stream_more) {
  int fd = connected(PORT_ECHO);
  int posts = requests(fd, NUSE_OP_MORE);
  struct iovec iov = {"head", 4};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  CHECK(send(fd, "a", 1, MSG_MORE) == 1 && fake_get(fd, FAKE_MORE) == 1);
  CHECK(send(fd, "b", 1, MSG_MORE) == 1 && fake_get(fd, FAKE_MORE) == 1);
  CHECK(write(fd, "c", 1) == 1 && fake_get(fd, FAKE_MORE) == 0);
  CHECK(write(fd, "d", 1) == 1 && requests(fd, NUSE_OP_MORE) == posts + 2);
  CHECK(sendmsg(fd, &msg, MSG_MORE) == 4 && fake_get(fd, FAKE_MORE) == 1);
  int file = open("/proc/self/exe", O_RDONLY);
  CHECK(sendfile(fd, file, NULL, 8) == 8 && fake_get(fd, FAKE_MORE) == 0);
}

CASE(stream_multi_message) {
  int fd = connected(PORT_ECHO);
  char in[2][3];
  struct iovec iov[2] = {{"one", 3}, {"two", 3}};
  struct mmsghdr vector[2] = {{.msg_hdr = {.msg_iov = &iov[0], .msg_iovlen = 1}},
                              {.msg_hdr = {.msg_iov = &iov[1], .msg_iovlen = 1}}};
  CHECK(sendmmsg(fd, vector, 2, 0) == 2);
  CHECK(vector[0].msg_len == 3 && vector[1].msg_len == 3);
  for (int i = 0; i < 2; i++) iov[i].iov_base = in[i];
  CHECK(recvmmsg(fd, vector, 2, MSG_WAITALL, NULL) == 2);
  CHECK(memcmp(in[0], "one", 3) == 0 && memcmp(in[1], "two", 3) == 0);
}

/* What was sent within the stack is waited for when somebody could see that it is under way. */
CASE(stream_settles_what_is_local) {
  static char block[20000];
  int fd = connected(PORT_ECHO), before = requests(fd, NUSE_OP_SETTLE), ends[2];
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  CHECK(pipe(ends) == 0);
  CHECK(send(fd, "x", 1, 0) == 1 && poll(&p, 1, 0) == 1 && requests(fd, NUSE_OP_SETTLE) == before);
  fake_set(fd, FAKE_LOCAL, 1);
  errno = 77;
  CHECK(write(fd, "x", 1) == 1 && send(fd, "x", 1, 0) == 1);
  CHECK(errno == 77 && requests(fd, NUSE_OP_SETTLE) == before);
  CHECK(poll(&p, 1, 0) == 1 && requests(fd, NUSE_OP_SETTLE) == before + 1);
  CHECK(poll(&p, 1, 0) == 1 && requests(fd, NUSE_OP_SETTLE) == before + 1);
  CHECK(write(fd, "x", 1) == 1 && write(ends[1], "x", 1) == 1);
  CHECK(requests(fd, NUSE_OP_SETTLE) == before + 2);
  CHECK(send(fd, block, sizeof block, 0) == sizeof block && poll(&p, 1, LIMIT_MS) == 1);
  CHECK(requests(fd, NUSE_OP_SETTLE) == before + 2 && poll(&p, 1, 0) == 1);
  CHECK(requests(fd, NUSE_OP_SETTLE) == before + 3);
  CHECK(write(fd, "x", 1) == 1);
  while (recv(fd, block, sizeof block, MSG_DONTWAIT) > 0) continue;
  CHECK(errno == EAGAIN && requests(fd, NUSE_OP_SETTLE) == before + 4);
}

/* A child that has ended may have done something, and what was closed shows. */
CASE(stream_settles_after_a_child) {
  int fd = connected(PORT_ECHO), other = connected(PORT_ECHO);
  int before = requests(fd, NUSE_OP_SETTLE);
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  pid_t child = fork();
  if (child == 0) _exit(0);
  CHECK(waitpid(child, NULL, 0) == child);
  CHECK(requests(fd, NUSE_OP_SETTLE) == before && poll(&p, 1, 0) == 1);
  CHECK(requests(fd, NUSE_OP_SETTLE) == before + 1);
  fake_set(other, FAKE_LOCAL, 1);
  CHECK(so_error(other) == 0 && fclose(fdopen(other, "w")) == 0 && poll(&p, 1, 0) == 1);
  CHECK(requests(fd, NUSE_OP_SETTLE) == before + 2);
}

CASE(stream_trunc_discards) {
  static char block[10000];
  int fd = connected(PORT_ECHO);
  struct iovec iov[2] = {{NULL, 3}, {NULL, 2997}};
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
  char rest[4];
  CHECK(send(fd, block, sizeof block, 0) == sizeof block && send(fd, "tail", 4, 0) == 4);
  CHECK(recv(fd, NULL, 1, MSG_TRUNC) == 1);
  int waiting = 0;
  UNTIL(ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 10003);
  CHECK(recv(fd, NULL, 9000, MSG_TRUNC | MSG_PEEK) == 9000);
  CHECK(recv(fd, NULL, 20000, MSG_TRUNC | MSG_PEEK) == 10003);
  CHECK(recv(fd, NULL, 6999, MSG_TRUNC | MSG_WAITALL) == 6999);
  CHECK(recvmsg(fd, &msg, MSG_TRUNC | MSG_WAITALL) == 3000);
  CHECK(recv(fd, NULL, 100, MSG_TRUNC | MSG_PEEK) == 4);
  CHECK(recv(fd, rest, 4, MSG_WAITALL) == 4 && memcmp(rest, "tail", 4) == 0);
  FAILS(EAGAIN, recv(fd, NULL, 1, MSG_TRUNC | MSG_DONTWAIT));
}

CASE(stream_fin) {
  int fd = connected(PORT_FIN);
  char buf[8];
  CHECK(recv(fd, buf, sizeof buf, MSG_WAITALL) == 3);
  errno = 77;
  CHECK(read(fd, buf, sizeof buf) == 0 && errno == 77);
  CHECK(wait_for(fd, POLLIN | POLLRDHUP, 0) == (POLLIN | POLLRDHUP));
  CHECK(write(fd, "still", 5) == 5);
}

CASE(stream_reset) {
  int fd = connected(PORT_RESET_ON_DATA);
  char buf[8];
  CHECK(write(fd, "x", 1) == 1);
  CHECK(wait_for(fd, POLLRDHUP, LIMIT_MS) & POLLHUP);
  CHECK(read(fd, buf, sizeof buf) == 3);
  FAILS(ECONNRESET, read(fd, buf, sizeof buf));
  CHECK(read(fd, buf, sizeof buf) == 0);
}

#define ALL_EVENTS (POLLIN | POLLOUT | POLLRDHUP)

CASE(stream_reset_polls) {
  int fd = connected(PORT_RESET_ON_DATA);
  char buf[8];
  CHECK(write(fd, "x", 1) == 1);
  CHECK(wait_for(fd, POLLRDHUP, LIMIT_MS) & POLLHUP);
  CHECK(wait_for(fd, ALL_EVENTS, 0) == (ALL_EVENTS | POLLHUP | POLLERR));
  CHECK(wait_for(fd, 0, LIMIT_MS) == (POLLHUP | POLLERR));
  CHECK(read(fd, buf, sizeof buf) == 3);
  FAILS(ECONNRESET, read(fd, buf, sizeof buf));
  CHECK(wait_for(fd, ALL_EVENTS, 0) == (ALL_EVENTS | POLLHUP));
}

CASE(stream_reset_epolls) {
  int fd = connected(PORT_RESET_ON_DATA), other = connected(PORT_ECHO), watch = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLRDHUP, .data.u64 = 77};
  char buf[8];
  CHECK(epoll_ctl(watch, EPOLL_CTL_ADD, other, &(struct epoll_event){.data.u64 = 0}) == 0);
  CHECK(epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event) == 0);
  CHECK(write(fd, "x", 1) == 1);
  UNTIL(wait_for(fd, 0, 0) & POLLHUP);
  CHECK(epoll_wait(watch, &event, 1, LIMIT_MS) == 1 && event.data.u64 == 77);
  CHECK(event.events == (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
  CHECK(read(fd, buf, sizeof buf) == 3);
  FAILS(ECONNRESET, read(fd, buf, sizeof buf));
  CHECK(epoll_pwait(watch, &event, 1, LIMIT_MS, NULL) == 1);
  CHECK(event.events == (EPOLLRDHUP | EPOLLHUP));
}

CASE(stream_reset_after_fin) {
  int fd = connected(PORT_FIN_RESET);
  char buf[8];
  CHECK(recv(fd, buf, sizeof buf, MSG_WAITALL) == 3);
  CHECK(write(fd, "x", 1) == 1);
  UNTIL(wait_for(fd, 0, 0) & POLLHUP);
  CHECK(read(fd, buf, sizeof buf) == 0 && read(fd, buf, sizeof buf) == 0);
  CHECK(so_error(fd) == EPIPE && so_error(fd) == 0);
}

CASE(stream_unconnected_polls) {
  int fd = tcp(0), other = udp();
  struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLOUT}};
  CHECK(poll(p, 1, LIMIT_MS) == 1 && p[0].revents == POLLHUP);
  p[0].events = ALL_EVENTS;
  CHECK(ppoll(p, 2, NULL, NULL) == 2 && p[1].revents == POLLOUT);
  CHECK(p[0].revents == (POLLOUT | POLLHUP));
  CHECK(listen(fd, 1) == 0 && wait_for(fd, POLLIN, 0) == 0);
}

CASE(stream_write_after_reset) {
  int fd = connected(PORT_RESET_ON_DATA);
  count_signal(SIGPIPE, 0);
  CHECK(write(fd, "x", 1) == 1);
  CHECK(wait_for(fd, POLLRDHUP, LIMIT_MS) & POLLHUP);
  FAILS(ECONNRESET, write(fd, "y", 1));
  CHECK(signal_count == 0);
  FAILS(EPIPE, write(fd, "y", 1));
  CHECK(signal_count == 1);
  FAILS(EPIPE, send(fd, "y", 1, MSG_NOSIGNAL));
  CHECK(signal_count == 1);
}

CASE(stream_timed_out) {
  int fd = connected(PORT_TIMEOUT_ON_DATA);
  CHECK(write(fd, "unread", 6) == 6);
  FAILS(ETIMEDOUT, read(fd, &(char){0}, 1));
  CHECK(read(fd, &(char){0}, 1) == 0);
}

CASE(stream_half_close) {
  int fd = connected(PORT_ECHO);
  count_signal(SIGPIPE, 0);
  CHECK(write(fd, "last", 4) == 4);
  CHECK(shutdown(fd, SHUT_WR) == 0);
  char buf[8];
  CHECK(recv(fd, buf, sizeof buf, MSG_WAITALL) == 4);
  CHECK(read(fd, buf, sizeof buf) == 0);
  FAILS(EPIPE, write(fd, "x", 1));
  CHECK(signal_count == 1);
  FAILS(EINVAL, shutdown(fd, 7));
}

CASE(stream_ioctl) {
  int fd = connected(PORT_ECHO);
  int value = -1;
  CHECK(write(fd, "12345", 5) == 5);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
  CHECK(ioctl(fd, FIONREAD, &value) == 0 && value == 5);
  CHECK(ioctl(fd, TIOCOUTQ, &value) == 0 && value == 1234);
  value = 1;
  CHECK(ioctl(fd, FIONBIO, &value) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK));
}

CASE(stream_options_without_waiting) {
  int fd = connected(PORT_ECHO);
  int value = 1, asked = requests(fd, NUSE_OP_SETOPT);
  socklen_t len = sizeof value;
  CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) == 0);
  CHECK(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value) == 0);
  value = 0;
  CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len) == 0 && value == 1);
  CHECK(requests(fd, NUSE_OP_SETOPT) == asked && requests(fd, NUSE_OP_POST_SETOPT) >= 2);
  FAILS(EINVAL, setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 1));
  FAILS(EFAULT, setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, NULL, sizeof value));
  CHECK(past_shim(SYS_close, fd) == 0);
  FAILS(EBADF, setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
}

CASE(stream_service_gone) {
  int fd = connected(PORT_ECHO);
  count_signal(SIGPIPE, 0);
  fake_set(fd, FAKE_HANG_UP, 1);
  CHECK(read(fd, &(char){0}, 1) == 0);
  FAILS(EPIPE, write(fd, "x", 1));
}
