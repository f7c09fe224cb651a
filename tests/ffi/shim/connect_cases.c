/* connect in all its ends, and what a stream does before it is connected. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel says of the pair itself. */
static int pair_sndbuf(int fd) {
  int size = 0;
  socklen_t len = sizeof size;
  CHECK(past_shim(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0);
  return size;
}

CASE(connect_blocking) {
  int fd = tcp(0);
  errno = 77;
  CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
  CHECK(errno == 77);
  echo_works(fd);
  CHECK(pair_sndbuf(fd) > 200000);
  FAILS(EISCONN, connect(fd, at(PORT_ECHO), AT_LEN));
  echo_works(fd);
}

CASE(connect_ends_before_filler) {
  int fd = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(fd, at(PORT_ECHO_AT_ONCE), AT_LEN));
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(so_error(fd) == 0 && fcntl(fd, F_SETFL, 0) == 0);
  echo_works(fd);
}

CASE(connect_costs_one_request) {
  int fd = udp();
  int connects = requests(fd, NUSE_OP_CONNECT), options = requests(fd, NUSE_OP_GETOPT);
  int names = requests(fd, NUSE_OP_WHO), sockets = requests(fd, NUSE_OP_SOCKET);
  connected(PORT_ECHO);
  int pending = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(pending, at(PORT_ECHO), AT_LEN));
  CHECK(so_error(pending) == 0);
  CHECK(wait_for(pending, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(so_error(pending) == 0);
  CHECK(requests(fd, NUSE_OP_CONNECT) == connects + 2);
  CHECK(requests(fd, NUSE_OP_GETOPT) == options + 4); /* our own */
  CHECK(requests(fd, NUSE_OP_WHO) == names && requests(fd, NUSE_OP_SOCKET) == sockets);
}

CASE(connected_buffer_grows_when_needed) {
  static char bytes[4096];
  int fd = connected(PORT_ECHO);
  CHECK(pair_sndbuf(fd) < NUSE_PAIR_SNDBUF);
  echo_works(fd);
  CHECK(pair_sndbuf(fd) < NUSE_PAIR_SNDBUF);
  CHECK(send(fd, bytes, sizeof bytes, 0) == sizeof bytes);
  CHECK(pair_sndbuf(fd) > 400000);
  CHECK(recv(fd, bytes, sizeof bytes, MSG_WAITALL) == sizeof bytes);
  int other = connected(PORT_ECHO);
  struct iovec iov[2] = {{bytes, 2048}, {bytes, 2048}};
  CHECK(writev(other, iov, 2) == 4096);
  CHECK(pair_sndbuf(other) > 400000);
}

CASE(connect_arguments) {
  int fd = tcp(0);
  FAILS(EINVAL, connect(fd, at(PORT_ECHO), 1));
  FAILS(EINVAL, connect(fd, at(PORT_ECHO), (socklen_t)-1));
  FAILS(EFAULT, connect(fd, (const struct sockaddr *)8, AT_LEN));
  FAILS(EBADF, connect(-1, at(PORT_ECHO), AT_LEN));
  FAILS(EBADF, connect(99, at(PORT_ECHO), AT_LEN));
  FAILS(ENOTSOCK, connect(0, at(PORT_ECHO), AT_LEN));
  CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
}

CASE(connect_nonblocking) {
  int fd = tcp(SOCK_NONBLOCK);
  CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  FAILS(EINPROGRESS, connect(fd, at(PORT_HELD), AT_LEN));
  CHECK(wait_for(fd, POLLOUT | POLLIN, 0) == 0);
  FAILS(EALREADY, connect(fd, at(PORT_HELD), AT_LEN));
  FAILS(EAGAIN, write(fd, "x", 1));
  FAILS(EAGAIN, read(fd, &(char){0}, 1));
  fake_set(fd, FAKE_RELEASE, 1);
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(so_error(fd) == 0);
  CHECK(pair_sndbuf(fd) > 200000);
  CHECK(write(fd, "hey", 3) == 3);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
  char back[8];
  CHECK(read(fd, back, sizeof back) == 3);
}

CASE(connect_second_call_finishes) {
  int fd = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(fd, at(PORT_ECHO), AT_LEN));
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(so_error(fd) == 0);
  CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
  CHECK(pair_sndbuf(fd) > 200000);
  FAILS(EISCONN, connect(fd, at(PORT_ECHO), AT_LEN));
}

CASE(connect_send_without_so_error) {
  int fd = tcp(SOCK_NONBLOCK);
  char back[4];
  FAILS(EINPROGRESS, connect(fd, at(PORT_ECHO), AT_LEN));
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(send(fd, "abcd", 4, 0) == 4);
  CHECK(pair_sndbuf(fd) > 200000);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
  CHECK(read(fd, back, 4) == 4 && memcmp(back, "abcd", 4) == 0);
}

CASE(connect_then_blocking_send_waits) {
  int fd = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(fd, at(PORT_ECHO), AT_LEN));
  CHECK(fcntl(fd, F_SETFL, 0) == 0);
  echo_works(fd);
}

CASE(connect_then_sendfile) {
  int fd = tcp(SOCK_NONBLOCK);
  char back[2];
  FAILS(EINPROGRESS, connect(fd, at(PORT_ECHO), AT_LEN));
  CHECK(fcntl(fd, F_SETFL, 0) == 0);
  int file = open("/proc/self/exe", O_RDONLY);
  off_t offset = 1;
  CHECK(sendfile(fd, file, &offset, 2) == 2 && offset == 3);
  CHECK(recv(fd, back, 2, MSG_WAITALL) == 2 && memcmp(back, "EL", 2) == 0);
}

CASE(connect_edge_triggered) {
  struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
  int ep = epoll_create1(0);
  int fd = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(fd, at(PORT_HELD), AT_LEN));
  CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) == 0);
  CHECK(epoll_wait(ep, &event, 1, 0) == 0);
  fake_set(fd, FAKE_RELEASE, 1);
  CHECK(epoll_wait(ep, &event, 1, LIMIT_MS) == 1 && (event.events & EPOLLOUT));
  CHECK(so_error(fd) == 0);
}

CASE(connect_times_out) {
  struct timeval timeout = {0, 50000};
  int fd = tcp(0);
  CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0);
  FAILS(EINPROGRESS, connect(fd, at(PORT_NEVER), AT_LEN));
  FAILS(EALREADY, (fcntl(fd, F_SETFL, O_NONBLOCK), connect(fd, at(PORT_NEVER), AT_LEN)));
}

static void alarm_after(int us) {
  struct itimerval soon = {{0, 0}, {0, us}};
  CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

/* A thread that waits until the one that made it is blocked in connect to PORT_HELD. It then sends
 * SIGALRM and sees it handled, or lets the connection be established, or both. */
struct companion {
  pthread_t self, target;
  pid_t target_tid;
  int asks, connects; /* a socket to ask the service by; CONNECTs before */
  bool interrupts, releases;
};

static void *accompany(void *argument) {
  const struct companion *c = argument;
  UNTIL(requests(c->asks, NUSE_OP_CONNECT) > c->connects && is_asleep(c->target_tid));
  if (c->interrupts) {
    CHECK(pthread_kill(c->target, SIGALRM) == 0);
    UNTIL(signal_count > 0);
  }
  if (c->releases) fake_set(c->asks, FAKE_RELEASE, 1);
  return NULL;
}

static void start(struct companion *c, bool interrupts, bool releases) {
  *c = (struct companion){.target = pthread_self(), .target_tid = gettid(), .asks = udp(),
                          .interrupts = interrupts, .releases = releases};
  c->connects = requests(c->asks, NUSE_OP_CONNECT);
  CHECK(pthread_create(&c->self, NULL, accompany, c) == 0);
}

static void finish(struct companion *c) { CHECK(pthread_join(c->self, NULL) == 0); }

CASE(connect_interrupted) {
  struct companion other;
  int fd = tcp(0);
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  count_signal(SIGALRM, 0);
  start(&other, true, false);
  FAILS(EINTR, connect(fd, at(PORT_HELD), AT_LEN));
  finish(&other);
  CHECK(signal_count == 1);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  CHECK(memcmp(&before, &after, 8) == 0);
  start(&other, false, true);
  CHECK(connect(fd, at(PORT_HELD), AT_LEN) == 0);
  finish(&other);
  echo_works(fd);
}

CASE(connect_restarts) {
  struct companion other;
  int fd = tcp(0);
  count_signal(SIGALRM, SA_RESTART);
  start(&other, true, true);
  CHECK(connect(fd, at(PORT_HELD), AT_LEN) == 0);
  finish(&other);
  CHECK(signal_count == 1);
  echo_works(fd);
}

static volatile pid_t forever_tid;

static void *connect_forever(void *argument) {
  forever_tid = gettid();
  connect(*(int *)argument, at(PORT_NEVER), AT_LEN);
  return NULL;
}

CASE(connect_interrupted_shows_in_pair) {
  struct companion other;
  int fd = tcp(0);
  count_signal(SIGALRM, 0);
  start(&other, true, false);
  FAILS(EINTR, connect(fd, at(PORT_HELD), AT_LEN));
  finish(&other);
  CHECK(wait_for(fd, POLLOUT, 0) == 0);
  fake_set(fd, FAKE_RELEASE, 1);
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(so_error(fd) == 0);
  echo_works(fd);
}

static int handler_fd;

static void connect_in_handler(int signo) {
  (void)signo;
  handler_fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT_ECHO)};
  to.sin_addr.s_addr = htonl(0xc6120001);
  if (connect(handler_fd, (struct sockaddr *)&to, sizeof to) != 0) _exit(7);
  signal_count++;
}

CASE(connect_within_connect) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = connect_in_handler;
  action.sa_flags = SA_RESTART;
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  struct companion other;
  int fd = tcp(0);
  start(&other, true, true);
  CHECK(connect(fd, at(PORT_HELD), AT_LEN) == 0);
  finish(&other);
  echo_works(fd);
  echo_works(handler_fd);
}

static sigjmp_buf back;

static void jump(int signo) {
  (void)signo;
  siglongjmp(back, 1);
}

CASE(connect_left_by_a_jump) {
  CHECK(signal(SIGALRM, jump) != SIG_ERR);
  for (volatile int i = 0; i < 40; i++) {
    int fd = tcp(0);
    if (sigsetjmp(back, 1) == 0) {
      alarm_after(2000);
      connect(fd, at(PORT_NEVER), AT_LEN);
      CHECK(false);
    }
    close(fd);
  }
  echo_works(connected(PORT_ECHO));
}

static void *connect_held(void *argument) {
  (void)argument;
  echo_works(connected(PORT_HELD));
  return NULL;
}

CASE(connect_in_many_threads) {
  pthread_t threads[40];
  int fd = udp();
  int attached = requests(fd, NUSE_OP_ATTACH);
  for (int round = 0; round < 2; round++) {
    int connects = requests(fd, NUSE_OP_CONNECT);
    for (int i = 0; i < 40; i++) {
      CHECK(pthread_create(&threads[i], NULL, connect_held, NULL) == 0);
    }
    UNTIL(requests(fd, NUSE_OP_CONNECT) == connects + 40);
    fake_set(fd, FAKE_RELEASE, 1);
    for (int i = 0; i < 40; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  }
  CHECK(requests(fd, NUSE_OP_ATTACH) >= attached + 40);
}

CASE(connect_after_fork_while_connecting) {
  pthread_t thread;
  int fd = tcp(0), asks = udp();
  int connects = requests(asks, NUSE_OP_CONNECT);
  CHECK(pthread_create(&thread, NULL, connect_held, NULL) == 0);
  UNTIL(requests(asks, NUSE_OP_CONNECT) > connects);
  pid_t pid = fork();
  if (pid == 0) {
    CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
    echo_works(fd);
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  fake_set(asks, FAKE_RELEASE, 1);
  CHECK(pthread_join(thread, NULL) == 0);
  FAILS(EISCONN, connect(fd, at(PORT_ECHO), AT_LEN));
  echo_works(fd);
}

CASE(connect_can_be_cancelled) {
  pthread_t thread;
  void *result;
  int fd = tcp(0), asks = udp();
  int connects = requests(asks, NUSE_OP_CONNECT);
  int next = dup(0);
  close(next);
  CHECK(pthread_create(&thread, NULL, connect_forever, &fd) == 0);
  UNTIL(requests(asks, NUSE_OP_CONNECT) > connects && is_asleep(forever_tid));
  CHECK(pthread_cancel(thread) == 0);
  CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
  CHECK(dup(0) == next);
  echo_works(connected(PORT_ECHO));
}

CASE(close_while_connecting) {
  int fd = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(fd, at(PORT_NEVER), AT_LEN));
  CHECK(close(fd) == 0);
  FAILS(EBADF, close(fd));
  FAILS(EBADF, read(fd, &(char){0}, 1));
}

CASE(never_connected) {
  int fd = tcp(0);
  struct iovec iov = {&(char){0}, 1};
  count_signal(SIGPIPE, 0);
  FAILS(ENOTCONN, read(fd, &(char){0}, 1));
  FAILS(ENOTCONN, recv(fd, &(char){0}, 1, MSG_DONTWAIT));
  FAILS(ENOTCONN, readv(fd, &iov, 1));
  FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
  CHECK(signal_count == 0);
  FAILS(EPIPE, write(fd, "x", 1));
  CHECK(signal_count == 1);
  FAILS(EPIPE, writev(fd, &iov, 1));
  CHECK(signal_count == 2);
  FAILS(ENOTCONN, shutdown(fd, SHUT_RDWR));
}
