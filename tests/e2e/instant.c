/*
 * instant: between two sockets of one stack what a call has done shows when it returns, as with the
 * kernel, which it is to be compared with. Each line counts how often it did not, in ROUNDS.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 60
#define LARGE (48 * 1024)

static char block[LARGE];
static struct sockaddr_in listening;
static int listener;

static struct sockaddr_in bind_any(int fd) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof name;
  bind(fd, (struct sockaddr *)&name, sizeof name);
  getsockname(fd, (struct sockaddr *)&name, &len);
  return name;
}

static int connect_to(int fd, struct sockaddr_in name) {
  return connect(fd, (struct sockaddr *)&name, sizeof name);
}

static int poll_now(int fd, int bits) {
  struct pollfd p = {.fd = fd, .events = (short)bits};
  poll(&p, 1, 0);
  return (p.revents & bits) == bits;
}

static int connection(int *other) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  connect_to(fd, listening);
  *other = accept(listener, NULL, NULL);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/* Without waiting. */
static long read_all(int fd) {
  static char to[LARGE];
  long n, total = 0;
  while ((n = recv(fd, to, sizeof to, MSG_DONTWAIT)) > 0) total += n;
  return total;
}

/* ---- streams ---- */

static long by_send(int fd) { return send(fd, block, LARGE, 0); }
static long by_write(int fd) { return write(fd, block, LARGE); }
static long by_writev(int fd) {
  struct iovec iov[2] = {{block, 20000}, {block, 20000}};
  return writev(fd, iov, 2);
}
static long by_sendmsg(int fd) {
  struct iovec iov = {block, LARGE};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  return sendmsg(fd, &msg, 0);
}
static long by_sendmmsg(int fd) {
  struct iovec iov = {block, 1000};
  struct mmsghdr msg[3] = {0};
  for (int i = 0; i < 3; i++) msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
  return sendmmsg(fd, msg, 3, 0) * 1000;
}
static long by_sendfile(int fd) {
  off_t at = 0;
  int file = open("/proc/self/exe", O_RDONLY);
  long n = sendfile(fd, file, &at, 10000);
  close(file);
  return n;
}
static long by_splice(int fd) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  long n = write(ends[1], block, 30000);
  n = splice(ends[0], NULL, fd, NULL, (size_t)n, 0);
  close(ends[0]);
  close(ends[1]);
  return n;
}
static long by_more(int fd) {
  send(fd, block, 100, MSG_MORE);
  return 100 + send(fd, block, 100, 0);
}
static long by_syscall(int fd) { return syscall(SYS_write, fd, block, 1000); }
static long by_cork(int fd) {
  int on = 1, off = 0;
  setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  long n = write(fd, block, 100);
  setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  return n;
}
static long by_child(int fd) {
  pid_t child = fork();
  if (child == 0) _exit(write(fd, block, 1000) == 1000 ? 0 : 1);
  waitpid(child, NULL, 0);
  return 1000;
}

static void stream(const char *name, long (*put)(int)) {
  int other, fd = connection(&other), missed = 0;
  for (int i = 0; i < ROUNDS; i++) {
    long sent = put(fd);
    if (!poll_now(other, POLLIN)) missed++;
    long got = read_all(other);
    if (got != sent) missed++;
    while (got < sent) {
      poll(&(struct pollfd){.fd = other, .events = POLLIN}, 1, 1000);
      long more = read_all(other);
      if (more <= 0) break;
      got += more;
    }
  }
  printf("%s: %d\n", name, missed);
  close(fd);
  close(other);
}

/* ---- connections ---- */

static void accepting(void) {
  int missed = 0, unshown = 0;
  for (int i = 0; i < ROUNDS; i++) {
    int one = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int fd = socket(AF_INET, SOCK_STREAM | (i % 2 ? SOCK_NONBLOCK : 0), 0);
    struct sockaddr_in name = bind_any(one);
    listen(one, 5);
    connect_to(fd, name);
    if (i % 3 == 0 && !poll_now(one, POLLIN)) unshown++;
    if (i % 3 == 1 && !poll_now(fd, POLLOUT)) unshown++;
    int other = accept(one, NULL, NULL);
    if (other < 0) missed++;
    close(one);
    close(fd);
    close(other);
  }
  printf("accept: %d %d\n", missed, unshown);
}

static void refusing(void) {
  int missed = 0;
  struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(9),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int i = 0; i < ROUNDS; i++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connect_to(fd, nobody) == 0 || errno == EINPROGRESS) missed += !poll_now(fd, POLLHUP);
    close(fd);
  }
  printf("refused: %d\n", missed);
}

static void reset(int fd) {
  struct linger linger = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(fd);
}
static void fin(int fd) { shutdown(fd, SHUT_WR); }
static void fin_both(int fd) { shutdown(fd, SHUT_RDWR); }
static void plain(int fd) { close(fd); }
static void after_data(int fd) {
  send(fd, block, 1000, 0);
  close(fd);
}
static void of_dup(int fd) {
  int copy = dup(fd);
  close(fd);
  close(copy);
}
static void by_dup2(int fd) {
  int null = open("/dev/null", O_RDONLY);
  dup2(null, fd);
  close(null);
  close(fd);
}
static void by_range(int fd) { close_range((unsigned)fd, (unsigned)fd, 0); }
static void by_unread(int fd) {
  recv(fd, block, 1, MSG_PEEK);
  close(fd);
}
static void by_stdio(int fd) { fclose(fdopen(fd, "w")); }
static void by_closing_number(int fd) { syscall(SYS_close, fd); }

static void ending(const char *name, void (*end)(int), int bits) {
  int missed = 0, results[3] = {0};
  char c;
  for (int i = 0; i < ROUNDS; i++) {
    int other, fd = connection(&other);
    if (end == by_unread) send(other, "x", 1, 0);
    end(fd);
    if (!poll_now(other, bits)) missed++;
    if (end == after_data) {
      if (read_all(other) != 1000) missed++;
    }
    long n = recv(other, &c, 1, MSG_DONTWAIT);
    if (n >= 0) results[0]++;
    else if (errno == ECONNRESET) results[1]++;
    else results[2]++;
    if (end == fin || end == fin_both) close(fd);
    close(other);
  }
  printf("%s: %d, end %d reset %d neither %d\n", name, missed, results[0], results[1], results[2]);
}

static void ends_of_child(int is_killed) {
  int missed = 0;
  char c;
  for (int i = 0; i < 10; i++) {
    int other, fd = connection(&other);
    pid_t child = fork();
    if (child == 0) {
      if (is_killed) raise(9);
      _exit(0);
    }
    close(fd);
    waitpid(child, NULL, 0);
    if (recv(other, &c, 1, MSG_DONTWAIT) != 0) missed++;
    close(other);
  }
  printf("%s: %d\n", is_killed ? "killed" : "exit", missed);
}

/* ---- datagrams ---- */

enum { SENDTO, SENDMMSG_TO, SEND, SENDMMSG, WRITE, CHILD };

static void datagrams(const char *name, int how) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0), missed = 0;
  struct sockaddr_in to = bind_any(other);
  char back[2048];
  bind_any(fd);
  if (how >= SEND) connect_to(fd, to);
  for (int i = 0; i < ROUNDS; i++) {
    int count = 1;
    if (how == SENDTO) sendto(fd, block, 100, 0, (struct sockaddr *)&to, sizeof to);
    if (how == SENDMMSG_TO || how == SENDMMSG) {
      struct iovec iov = {block, 100};
      struct mmsghdr msg[3] = {0};
      for (int k = 0; k < 3; k++) {
        msg[k].msg_hdr = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
        if (how == SENDMMSG_TO) msg[k].msg_hdr.msg_name = &to;
        if (how == SENDMMSG_TO) msg[k].msg_hdr.msg_namelen = sizeof to;
      }
      count = sendmmsg(fd, msg, 3, 0);
    }
    if (how == SEND) send(fd, block, 1400, 0);
    if (how == WRITE) write(fd, block, 20000);
    if (how == CHILD) {
      pid_t child = fork();
      if (child == 0) _exit(send(fd, block, 100, 0) == 100 ? 0 : 1);
      waitpid(child, NULL, 0);
    }
    if (i % 2 == 0 && !poll_now(other, POLLIN)) missed++;
    for (int k = 0; k < count; k++) {
      if (recv(other, back, sizeof back, MSG_DONTWAIT) >= 0) continue;
      missed++;
      poll(&(struct pollfd){.fd = other, .events = POLLIN}, 1, 1000);
      recv(other, back, sizeof back, MSG_DONTWAIT);
    }
  }
  printf("%s: %d\n", name, missed);
  close(fd);
  close(other);
}

/* The ICMP error of a datagram to oneself is the next call's result. */
static void unreachable(void) {
  int missed = 0;
  for (int i = 0; i < ROUNDS; i++) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = bind_any(other);
    char c;
    close(other);
    connect_to(fd, to);
    send(fd, "x", 1, 0);
    if (i % 2 == 0) missed += recv(fd, &c, 1, MSG_DONTWAIT) != -1 || errno != ECONNREFUSED;
    else missed += send(fd, "x", 1, 0) != -1 || errno != ECONNREFUSED;
    close(fd);
  }
  printf("unreachable: %d\n", missed);
}

static void raw(void) {
  int fd = socket(AF_INET, SOCK_RAW, 253), missed = 0;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char back[100];
  for (int i = 0; i < ROUNDS; i++) {
    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
    missed += recv(fd, back, sizeof back, MSG_DONTWAIT) < 0;
  }
  printf("raw: %d\n", missed);
  close(fd);
}

/* A process that was told by a pipe finds it. */
static void other_process(void) {
  int told[2], done[2], missed = 0;
  if (pipe(told) != 0 || pipe(done) != 0) return;
  int fd = socket(AF_INET, SOCK_DGRAM, 0), other, to = connection(&other);
  int from = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in name = bind_any(fd);
  connect_to(from, name);
  pid_t child = fork();
  if (child == 0) {
    char c;
    while (read(told[0], &c, 1) == 1 && c != 'q') {
      char back[200], ok = recv(c == 's' ? other : fd, back, sizeof back, MSG_DONTWAIT) > 0;
      if (write(done[1], &ok, 1) != 1) break;
    }
    _exit(0);
  }
  for (int i = 0; i < ROUNDS; i++) {
    char ok = 0, what = i % 2 ? 's' : 'd';
    send(i % 2 ? to : from, "x", 1, 0);
    if (write(told[1], &what, 1) != 1 || read(done[0], &ok, 1) != 1) break;
    missed += !ok;
  }
  if (write(told[1], "q", 1) == 1) waitpid(child, NULL, 0);
  printf("other process: %d\n", missed);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  listening = bind_any(listener);
  listen(listener, 5);
  stream("send", by_send);
  stream("write", by_write);
  stream("writev", by_writev);
  stream("sendmsg", by_sendmsg);
  stream("sendmmsg", by_sendmmsg);
  stream("sendfile", by_sendfile);
  stream("splice", by_splice);
  stream("MSG_MORE", by_more);
  stream("syscall", by_syscall);
  stream("cork", by_cork);
  stream("child", by_child);
  accepting();
  refusing();
  ending("close", plain, POLLIN | POLLRDHUP);
  ending("data, close", after_data, POLLIN | POLLRDHUP);
  ending("shutdown", fin, POLLIN | POLLRDHUP);
  ending("shutdown both", fin_both, POLLIN | POLLRDHUP);
  ending("reset", reset, POLLHUP | POLLERR);
  ending("unread", by_unread, POLLHUP | POLLERR);
  ending("dup", of_dup, POLLIN | POLLRDHUP);
  ending("dup2", by_dup2, POLLIN | POLLRDHUP);
  ending("close_range", by_range, POLLIN | POLLRDHUP);
  ending("fclose", by_stdio, POLLIN | POLLRDHUP);
  ending("syscall", by_closing_number, POLLIN | POLLRDHUP);
  ends_of_child(0);
  ends_of_child(1);
  datagrams("sendto", SENDTO);
  datagrams("sendmmsg to", SENDMMSG_TO);
  datagrams("udp send", SEND);
  datagrams("udp sendmmsg", SENDMMSG);
  datagrams("udp large", WRITE);
  datagrams("udp child", CHILD);
  unreachable();
  raw();
  other_process();
  return 0;
}
