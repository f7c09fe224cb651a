/* What the cases have in common: differ.h. */
#include "differ.h"

struct sockaddr_in at(const char *ip, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, ip, &address.sin_addr);
  return address;
}

int tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }
int udp(void) { return socket(AF_INET, SOCK_DGRAM, 0); }

int bind_to(int fd, const char *ip, int port) {
  struct sockaddr_in address = at(ip, port);
  return bind(fd, (struct sockaddr *)&address, sizeof address);
}

int dial(int fd, const char *ip, int port) {
  struct sockaddr_in address = at(ip, port);
  return connect(fd, (struct sockaddr *)&address, sizeof address);
}

int port_of(int fd) {
  struct sockaddr_in address = {0};
  socklen_t len = sizeof address;
  getsockname(fd, (struct sockaddr *)&address, &len);
  return ntohs(address.sin_port);
}

int listening(void) {
  int fd = tcp();
  bind_to(fd, LO, 0);
  listen(fd, 5);
  return fd;
}

int free_port(void) {
  int fd = tcp();
  bind_to(fd, LO, 0);
  int port = port_of(fd);
  close(fd);
  return port;
}

int connected(int listener) {
  int fd = tcp();
  dial(fd, LO, port_of(listener));
  return fd;
}

void pair_of(int fds[2]) {
  int listener = listening();
  fds[0] = connected(listener);
  fds[1] = accept(listener, NULL, NULL);
  close(listener);
}

void udp_pair(int fds[2]) {
  for (int i = 0; i < 2; i++) {
    fds[i] = udp();
    bind_to(fds[i], LO, 0);
  }
  for (int i = 0; i < 2; i++) dial(fds[i], LO, port_of(fds[1 - i]));
}

int nonblocking(int fd) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

int set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

int get_int(int fd, int level, int name) {
  int value = 0;
  socklen_t len = sizeof value;
  return getsockopt(fd, level, name, &value, &len) < 0 ? -1 : value;
}

int so_error(int fd) { return get_int(fd, SOL_SOCKET, SO_ERROR); }

int set_linger(int fd, int on, int seconds) {
  struct linger linger = {on, seconds};
  return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

int send_to(int fd, const char *text, const char *ip, int port) {
  struct sockaddr_in address = at(ip, port);
  return (int)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof address);
}

int poll_bits(int fd) {
  struct pollfd p = {.fd = fd, .events = ALL};
  poll(&p, 1, 0);
  return p.revents;
}

int await(int fd, int bits) {
  for (int i = 0; i < 1000 && (poll_bits(fd) & bits) != bits; i++) usleep(1000);
  return poll_bits(fd);
}

void show_poll(int fd, int bits) { printf("poll: %#x\n", await(fd, bits)); }

void show_recv(int fd, int flags) {
  char text[256] = "";
  await(fd, POLLIN);
  long n = recv(fd, text, sizeof text - 1, flags);
  show_result("recv", n);
  if (n > 0) puts(text);
}

void show_own_name(int fd) {
  struct sockaddr_in name = {0};
  socklen_t len = sizeof name;
  SHOW(getsockname(fd, (struct sockaddr *)&name, &len));
  puts(inet_ntoa(name.sin_addr));
}

void show_peer_name(int fd) {
  struct sockaddr_in name = {0};
  socklen_t len = sizeof name;
  SHOW(getpeername(fd, (struct sockaddr *)&name, &len));
  puts(inet_ntoa(name.sin_addr));
}

void await_bytes(int fd, int count) {
  int waiting = 0;
  for (int i = 0; i < 1000 && waiting < count; i++) {
    ioctl(fd, FIONREAD, &waiting);
    if (waiting < count) usleep(1000);
  }
}

void quiet_moment(void) { usleep(30000); }

void set_timeout(int fd, int name, int ms) {
  struct timeval time = {ms / 1000, ms % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, name, &time, sizeof time);
}

long elapsed_ms(const struct timespec *since) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}
