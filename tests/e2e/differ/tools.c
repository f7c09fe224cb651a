/* What the cases have in common: differ.h. */
#include "differ.h"

struct sockaddr_in at(const char *ip, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, ip, &address.sin_addr);
  return address;
}

static int family = AF_INET;

void use_ipv6(void) { family = AF_INET6; }

/* What an address of the tests is in IPv6. */
static const char *in_ipv6(const char *ip) {
  static const char *const same[][2] = {
      {LO, "::1"},           {ANY, "::"},
      {SELF, SELF6},         {PEER, PEER6},
      {NOBODY, NOBODY6},     {NOWHERE, "2001:db8:ffff::9"},
      {GROUP, "ff15::1:2:3"}, {BROADCAST, "::ffff:" BROADCAST}};
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    if (strcmp(ip, same[i][0]) == 0) return same[i][1];
  }
  return strchr(ip, ':') != NULL ? ip : "::ffff:255.255.255.255";
}

struct sockaddr_in6 at6(const char *ip, int port) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  inet_pton(AF_INET6, ip, &address.sin6_addr);
  return address;
}

socklen_t name_of(const char *ip, int port, struct sockaddr_storage *name) {
  if (family == AF_INET) {
    *(struct sockaddr_in *)name = at(ip, port);
    return sizeof(struct sockaddr_in);
  }
  *(struct sockaddr_in6 *)name = at6(in_ipv6(ip), port);
  return sizeof(struct sockaddr_in6);
}

int tcp(void) { return socket(family, SOCK_STREAM, 0); }
int udp(void) { return socket(family, SOCK_DGRAM, 0); }

int bind_to(int fd, const char *ip, int port) {
  struct sockaddr_storage name = {0};
  socklen_t len = name_of(ip, port, &name);
  return bind(fd, (struct sockaddr *)&name, len);
}

int dial(int fd, const char *ip, int port) {
  struct sockaddr_storage name = {0};
  socklen_t len = name_of(ip, port, &name);
  return connect(fd, (struct sockaddr *)&name, len);
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
  struct sockaddr_storage name = {0};
  socklen_t len = name_of(ip, port, &name);
  return (int)sendto(fd, text, strlen(text), 0, (struct sockaddr *)&name, len);
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

void show_address(const struct sockaddr_storage *name) {
  char text[64] = "0.0.0.0";
  const struct sockaddr_in6 *six = (const void *)name;
  const struct sockaddr_in *four = (const void *)name;
  if (name->ss_family == AF_INET6) inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
  if (name->ss_family == AF_INET) inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
  puts(text);
}

void show_own_name(int fd) {
  struct sockaddr_storage name = {0};
  socklen_t len = sizeof name;
  SHOW(getsockname(fd, (struct sockaddr *)&name, &len));
  show_address(&name);
}

void show_peer_name(int fd) {
  struct sockaddr_storage name = {0};
  socklen_t len = sizeof name;
  SHOW(getpeername(fd, (struct sockaddr *)&name, &len));
  show_address(&name);
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
