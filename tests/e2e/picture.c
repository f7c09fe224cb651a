/*
 * picture: what poll, epoll and select show of a socket in each of its states, to be compared
 * between nuse and the kernel. Both ends of every connection are this process's, on the loopback.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "local.h"

#define ALL (POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM)

static int settled_poll(int fd) {
  struct pollfd p = {.fd = fd, .events = ALL};
  poll(&p, 1, 0);
  return p.revents;
}

/* What shows last, when nothing has changed for a moment. */
static void await(int fd, int bits) {
  for (int i = 0; i < 2000 && (settled_poll(fd) & bits) != bits; i++) usleep(1000);
}

static int epoll_bits(int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  int epoll = epoll_create1(0);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  event.events = 0;
  int n = epoll_wait(epoll, &event, 1, 0);
  int bits = n == 1 ? (int)event.events : 0;
  close(epoll);
  return bits;
}

/* By a pointer, edge-triggered: the first wait, and the second. */
static void edges(int fd, int bits[2]) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                              .data.ptr = bits};
  int epoll = epoll_create1(0);
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  for (int i = 0; i < 2; i++) {
    event.events = 0;
    int n = epoll_wait(epoll, &event, 1, 0);
    bits[i] = n == 1 ? (int)event.events : 0;
    if (n == 1 && event.data.ptr != bits) bits[i] = -1;
  }
  close(epoll);
}

static void sets(int fd, char *text) {
  fd_set set[3];
  struct timeval none = {0};
  for (int i = 0; i < 3; i++) {
    FD_ZERO(&set[i]);
    FD_SET(fd, &set[i]);
  }
  int n = select(fd + 1, &set[0], &set[1], &set[2], &none);
  sprintf(text, "%d %s%s%s", n, FD_ISSET(fd, &set[0]) ? "r" : "-",
          FD_ISSET(fd, &set[1]) ? "w" : "-", FD_ISSET(fd, &set[2]) ? "x" : "-");
}

static void show(const char *state, int fd) {
  char selected[32];
  int bits[2];
  struct pollfd in = {.fd = fd, .events = POLLIN}, none = {.fd = fd};
  int n = poll(&in, 1, 0), m = poll(&none, 1, 0);
  edges(fd, bits);
  sets(fd, selected);
  printf("%-26s poll %#6x, of IN %d %#x, of none %d %#x; epoll %#6x, of IN %#x, of none %#x, edges "
         "%#x %#x; select %s\n",
         state, settled_poll(fd), n, in.revents, m, none.revents,
         epoll_bits(fd, EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP), epoll_bits(fd, EPOLLIN),
         epoll_bits(fd, 0), bits[0], bits[1], selected);
}

static int stream(void) { return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); }

static void reset(int fd) {
  struct linger linger = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(fd);
}

static void unconnected(void) {
  int fd = stream();
  show("fresh", fd);
  bind_any(fd);
  show("bound", fd);
  listen(fd, 5);
  show("listening", fd);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  connect_to(client, name_of(fd));
  await(fd, POLLIN);
  show("connection waiting", fd);
  close(accept(fd, NULL, NULL));
  show("accepted", fd);
  shutdown(fd, SHUT_RD);
  show("listener shut", fd);
  listen(fd, 5);
  show("listening again", fd);
  close(fd);
  close(client);
}

/* Nobody takes connections: the last one's SYN is not answered. */
static void connecting(void) {
  int full = socket(AF_INET, SOCK_STREAM, 0), fd = -1;
  struct sockaddr_in unspecified = {.sin_family = AF_UNSPEC};
  bind_any(full);
  listen(full, 0);
  for (int i = 0; i < 3; i++) {
    fd = stream();
    connect_to(fd, name_of(full));
    usleep(100000);
  }
  show("connecting", fd);
  shutdown(fd, SHUT_WR);
  show("connecting, WR shut", fd);
  close(fd);
  fd = stream();
  connect_to(fd, name_of(full));
  shutdown(fd, SHUT_RDWR);
  show("connecting, shut", fd);
  printf("SO_ERROR %d\n", take_error(fd));
  show("after SO_ERROR", fd);
  close(fd);
  fd = stream();
  connect_to(fd, name_of(full));
  connect_to(fd, unspecified);
  show("connecting, disconnected", fd);
  close(fd);
}

static void refused(void) {
  struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(9),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = stream();
  connect_to(fd, nobody);
  await(fd, POLLHUP);
  show("refused", fd);
  printf("SO_ERROR %d\n", take_error(fd));
  show("refused, told", fd);
  connect_to(fd, nobody);
  show("ended", fd);
  connect_to(fd, nobody);
  await(fd, POLLHUP);
  show("refused again", fd);
  close(fd);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  connect_to(fd, nobody);
  show("refused, waited for", fd);
  close(fd);
}

static void connected(void) {
  static char block[65536];
  int other, fd = connection(&other);
  show("connected", fd);
  show("accepted", other);
  send(other, "x", 1, 0);
  await(fd, POLLIN);
  show("data", fd);
  recv(fd, block, 1, 0);
  show("data read", fd);
  ioctl(fd, FIONBIO, &(int){1});
  for (int i = 0; i < 20; i++) {
    while (send(fd, block, sizeof block, MSG_DONTWAIT) > 0) i = 0;
    usleep(10000);
  }
  show("full", fd);
  close(fd);
  close(other);
}

static void half_closed(void) {
  int other, fd = connection(&other);
  shutdown(other, SHUT_WR);
  await(fd, POLLRDHUP);
  show("peer's FIN", fd);
  show("own FIN", other);
  shutdown(fd, SHUT_WR);
  await(fd, POLLHUP);
  show("peer's FIN, own FIN", fd);
  await(other, POLLHUP);
  show("own FIN, peer's FIN", other);
  close(fd);
  close(other);
  fd = connection(&other);
  shutdown(fd, SHUT_RD);
  show("RD shut", fd);
  send(other, "x", 1, 0);
  await(fd, POLLIN);
  show("RD shut, data", fd);
  shutdown(fd, SHUT_WR);
  show("RD shut, WR shut", fd);
  close(fd);
  close(other);
  fd = connection(&other);
  shutdown(fd, SHUT_RDWR);
  show("RDWR shut", fd);
  await(other, POLLRDHUP);
  show("peer's RDWR shut", other);
  send(other, "x", 1, MSG_NOSIGNAL);
  usleep(50000);
  show("sent to RDWR shut", other);
  close(fd);
  close(other);
  fd = connection(&other);
  send(other, "x", 1, 0);
  close(other);
  await(fd, POLLRDHUP);
  show("data, peer's close", fd);
  close(fd);
}

static void broken(void) {
  char c;
  int other, fd = connection(&other);
  reset(other);
  await(fd, POLLHUP);
  show("reset", fd);
  printf("SO_ERROR %d\n", take_error(fd));
  show("reset, told", fd);
  close(fd);
  fd = connection(&other);
  send(other, "x", 1, 0);
  reset(other);
  await(fd, POLLHUP);
  show("data, reset", fd);
  recv(fd, &c, 1, 0);
  show("data read, reset", fd);
  recv(fd, &c, 1, 0);
  show("data read, reset told", fd);
  close(fd);
  fd = connection(&other);
  shutdown(other, SHUT_WR);
  await(fd, POLLRDHUP);
  reset(other);
  await(fd, POLLHUP);
  show("FIN, reset", fd);
  close(fd);
  fd = connection(&other);
  reset(other);
  await(fd, POLLHUP);
  send(fd, "x", 1, MSG_NOSIGNAL);
  show("reset, told by send", fd);
  close(fd);
  struct sockaddr_in unspecified = {.sin_family = AF_UNSPEC};
  fd = connection(&other);
  connect_to(fd, unspecified);
  show("disconnected", fd);
  await(other, POLLHUP);
  show("peer disconnected", other);
  close(fd);
  close(other);
}

static int datagram(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  bind_any(fd);
  return fd;
}

static void datagrams(void) {
  char buf[8];
  int other = datagram(), fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in to_other = name_of(other);
  show("udp", fd);
  bind_any(fd);
  show("udp bound", fd);
  struct sockaddr_in own = name_of(fd);
  connect_to(fd, to_other);
  show("udp connected", fd);
  sendto(other, "x", 1, 0, (struct sockaddr *)&own, sizeof own);
  await(fd, POLLIN);
  show("udp data", fd);
  recv(fd, buf, sizeof buf, 0);
  show("udp data read", fd);
  close(other);
  send(fd, "x", 1, 0);
  await(fd, POLLERR);
  show("udp refused", fd);
  printf("SO_ERROR %d\n", take_error(fd));
  show("udp refused, told", fd);
  send(fd, "x", 1, 0);
  await(fd, POLLERR);
  recv(fd, buf, sizeof buf, 0);
  show("udp refused, read", fd);
  close(fd);
}

static void error_queue(void) {
  char buf[8];
  int on = 1, fd = datagram(), nobody = datagram();
  struct sockaddr_in to_nobody = name_of(nobody);
  close(nobody);
  setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  sendto(fd, "x", 1, 0, (struct sockaddr *)&to_nobody, sizeof to_nobody);
  await(fd, POLLERR);
  show("udp error queue", fd);
  int n = (int)recv(fd, buf, sizeof buf, 0);
  printf("recv %d %d\n", n, n < 0 ? errno : 0);
  show("udp error told", fd);
  n = (int)recv(fd, buf, sizeof buf, MSG_ERRQUEUE);
  printf("queue %d %d\n", n, n < 0 ? errno : 0);
  show("udp error queue read", fd);
  sendto(fd, "x", 1, 0, (struct sockaddr *)&to_nobody, sizeof to_nobody);
  await(fd, POLLERR);
  sendto(fd, "x", 1, 0, (struct sockaddr *)&to_nobody, sizeof to_nobody);
  usleep(10000);
  printf("SO_ERROR %d\n", take_error(fd));
  show("udp error queue, told", fd);
  n = (int)recv(fd, buf, sizeof buf, MSG_ERRQUEUE);
  printf("queue %d %d\n", n, n < 0 ? errno : 0);
  show("udp error queue read", fd);
  setsockopt(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &on, sizeof on);
  sendto(fd, "x", 1, 0, (struct sockaddr *)&to_nobody, sizeof to_nobody);
  await(fd, POLLERR);
  show("udp SELECT_ERR_QUEUE", fd);
  close(fd);
}

static void datagrams_shut(void) {
  static const char *const words[] = {"udp RD shut", "udp WR shut", "udp RDWR shut"};
  for (int how = SHUT_RD; how <= SHUT_RDWR; how++) {
    int fd = datagram();
    printf("shutdown %d\n", shutdown(fd, how));
    connect_to(fd, name_of(fd));
    printf("shutdown %d\n", shutdown(fd, how));
    show(words[how], fd);
    close(fd);
  }
}

static void picture(void) {
  unconnected();
  connecting();
  refused();
  connected();
  half_closed();
  broken();
  datagrams();
  error_queue();
  datagrams_shut();
}

static const struct local_case CASES[] = {{"picture", picture}};

LOCAL_MAIN(CASES)
