/*
 * probe CASE ADDRESS PORT: does what programs do with TCP sockets and prints what comes of it, to
 * be compared between nuse and the kernel.
 */
#define _GNU_SOURCE
#include "program.h"

#include <linux/errqueue.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static struct sockaddr_in to;

static int dial(int fd) { return connect(fd, (struct sockaddr *)&to, sizeof to); }

/* A socket whose connect has failed without anybody waiting. */
static int failed(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  say("connect", dial(fd));
  wait_for(fd, POLLHUP);
  return fd;
}

static void refused(void) {
  char c;
  int fd = failed();
  say("poll", poll_now(fd, 0));
  say("SO_ERROR", take_error(fd));
  say("SO_ERROR", take_error(fd));
  say("poll", poll_now(fd, 0));
  say("read", read(fd, &c, 1));
  say("send", send(fd, "x", 1, MSG_NOSIGNAL));
  say("listen", listen(fd, 1));
  say("connect", dial(fd));
  say("connect", dial(fd));
  fd = failed();
  say("read", read(fd, &c, 1));
  say("read", read(fd, &c, 1));
  fd = failed();
  say("send", send(fd, "x", 1, MSG_NOSIGNAL));
  say("send", send(fd, "x", 1, MSG_NOSIGNAL));
  fd = failed();
  say("connect", dial(fd));
  say("SO_ERROR", take_error(fd));
  say("shutdown", shutdown(failed(), SHUT_RDWR));
}

static void refused_epoll(void) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
  const int both = EPOLLOUT | EPOLLERR; /* the stack may show one before the other */
  int epoll = epoll_create1(0);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  for (int i = 0; i < 2; i++) {
    int seen = 0;
    say("connect", dial(fd));
    if (i == 0) epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    while ((seen & both) != both && epoll_wait(epoll, &event, 1, 2000) == 1) seen |= event.events;
    say("events", seen);
    say("connect", dial(fd));
    while (epoll_wait(epoll, &event, 1, 50) == 1) continue;
  }
}

static unsigned segments_sent(int fd) {
  struct tcp_info info = {0};
  socklen_t len = sizeof info;
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
  return info.tcpi_data_segs_out;
}

/* The head waits for the body, 200 ms at most: should this process be stopped for as long, another
 * try joins them. */
static void more(void) {
  for (int i = 0; i < 5; i++) {
    char back[64] = "";
    int queued = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
    dial(fd);
    send(fd, "head ", 5, MSG_MORE);
    while (queued < 5) ioctl(fd, SIOCOUTQ, &queued);
    unsigned alone = segments_sent(fd);
    send(fd, "body", 4, 0);
    read(fd, back, sizeof back - 1);
    if (alone > 0 && i < 4) continue;
    say("sent before the body", alone);
    say("sent with it", segments_sent(fd));
    puts(back);
    return;
  }
}

/* A cork holds the last record only: the peer has the head before the body may go. A child's, too,
 * whose connection to the service is its own. */
static void record(void) {
  for (int child = 0; child < 2; child++) {
    char back[64] = "";
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    dial(fd);
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &one, sizeof one);
    fflush(stdout);
    if (child && fork() != 0) {
      wait(NULL);
      return;
    }
    send(fd, "head ", 5, MSG_EOR);
    send(fd, "body", 4, 0);
    read(fd, back, sizeof back - 1);
    say("sent", segments_sent(fd));
    puts(back);
  }
}

static void fast(void) {
  char back[64];
  for (int i = 0; i < 2; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(back, 0, sizeof back);
    say("sendto", sendto(fd, "hello", 5, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to));
    say("read", read(fd, back, sizeof back - 1));
    puts(back);
    close(fd);
  }
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  say("option", setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one));
  say("connect", dial(fd));
  say("write", write(fd, "third", 5));
  memset(back, 0, sizeof back);
  wait_for(fd, POLLIN);
  say("read", read(fd, back, sizeof back - 1));
  puts(back);
  /* Without data, and once more when the handshake is over: then it is a plain send */
  fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  say("empty", sendto(fd, "", 0, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to));
  wait_for(fd, POLLOUT);
  say("later", sendto(fd, "fourth", 6, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to));
  memset(back, 0, sizeof back);
  wait_for(fd, POLLIN);
  say("read", read(fd, back, sizeof back - 1));
  puts(back);
}

static void read_errors(int fd) {
  char control[256], payload[16];
  struct iovec iov = {payload, sizeof payload};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof control};
  say("error queue", recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT));
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
    if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_RECVERR) continue;
    struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(c);
    printf("%u %d %d\n", error->ee_errno, error->ee_type, error->ee_code);
  }
}

static void udp_refused(void) {
  int on = 1;
  char c;
  for (int i = 0; i < 3; i++) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (i == 2) setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    say("connect", dial(fd));
    say("send", send(fd, "x", 1, 0));
    wait_for(fd, POLLERR);
    say("poll", poll_now(fd, 0));
    if (i == 0) say("recv", recv(fd, &c, 1, MSG_DONTWAIT));
    if (i == 1) say("SO_ERROR", take_error(fd));
    if (i == 2) read_errors(fd);
    say("poll", poll_now(fd, 0));
    say("recv", recv(fd, &c, 1, MSG_DONTWAIT));
  }
}

/* As sshd before the log-in: in a sandbox that allows read, write and _exit. */
static void sandbox(void) {
  char back[16] = "";
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", dial(fd));
  say("prctl", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
  fflush(stdout);
  bool works = write(fd, "boxed", 5) == 5 && read(fd, back, sizeof back) == 5;
  write(1, works ? "works\n" : "fails\n", 6);
  works = read(fd, back, sizeof back) == 0;
  write(1, works ? "ended\n" : "lasts\n", 6);
  syscall(SYS_exit, 0);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  to = address_of(argv + 2);
  if (strcmp(argv[1], "refused") == 0) refused();
  if (strcmp(argv[1], "refused_epoll") == 0) refused_epoll();
  if (strcmp(argv[1], "more") == 0) more();
  if (strcmp(argv[1], "record") == 0) record();
  if (strcmp(argv[1], "fast") == 0) fast();
  if (strcmp(argv[1], "udp_refused") == 0) udp_refused();
  if (strcmp(argv[1], "sandbox") == 0) sandbox();
  return 0;
}
