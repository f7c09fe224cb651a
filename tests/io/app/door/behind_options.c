/* Cases of behind.c: options, ioctls, and streams where a pair would not do as TCP does. */
#define _GNU_SOURCE
#include "behind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#define WAIT_MS 10000
#define BAD ((void *)8)

static long set(int fd, int level, int name, const void *value, socklen_t len) {
  return setsockopt(fd, level, name, value, len);
}

/* A filter that lets nothing through, and ones that are none. */
static void filters(int fd) {
  struct sock_filter drop[] = {{BPF_RET | BPF_K, 0, 0, 0}};
  struct sock_fprog program = {.len = 1, .filter = drop};
  say("a short filter", set(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program - 1));
  say("a filter nowhere", set(fd, SOL_SOCKET, SO_ATTACH_FILTER, BAD, sizeof program));
  program.filter = BAD;
  say("its code nowhere", set(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
  program.filter = drop;
  say("a filter", set(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

static void values(int stream, int datagrams) {
  int value = 0;
  struct timeval time = {3, 0};
  socklen_t len = 2;
  say("cut", getsockopt(stream, SOL_SOCKET, SO_TYPE, &value, &len));
  printf("value: %d, %u bytes\n", value, len);
  len = sizeof value;
  say("nowhere", getsockopt(stream, SOL_SOCKET, SO_TYPE, BAD, &len));
  say("length nowhere", getsockopt(stream, SOL_SOCKET, SO_TYPE, &value, NULL));
  len = (socklen_t)-1;
  say("length", getsockopt(stream, SOL_SOCKET, SO_TYPE, &value, &len));
  say("length", getsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &value, &len));
  say("set length", set(stream, SOL_SOCKET, SO_KEEPALIVE, &value, (socklen_t)-1));
  say("set nowhere", set(stream, SOL_SOCKET, SO_KEEPALIVE, BAD, sizeof value));
  say("set nowhere", set(stream, IPPROTO_TCP, 999, BAD, sizeof value));
  say("time", set(stream, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
  time.tv_sec = 0;
  len = sizeof time;
  getsockopt(stream, SOL_SOCKET, SO_RCVTIMEO, &time, &len);
  say("its seconds", time.tv_sec);
  value = 7;
  say("low mark", set(stream, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value));
  say("is", int_option(stream, SOL_SOCKET, SO_RCVLOWAT));
  printf("peek offset: %d\n", int_option(stream, SOL_SOCKET, SO_PEEK_OFF));
  printf("of datagrams: %d\n", int_option(datagrams, SOL_SOCKET, SO_PEEK_OFF));
}

/* The addresses of all interfaces, and what one is. */
static void interfaces(int fd) {
  struct ifreq rows[8], one = {0};
  struct ifconf list = {0};
  char text[INET_ADDRSTRLEN];
  say("count", ioctl(fd, SIOCGIFCONF, &list));
  printf("rows: %d\n", list.ifc_len / (int)sizeof *rows);
  list.ifc_len = (int)sizeof *rows - 1;
  list.ifc_req = rows;
  say("no room", ioctl(fd, SIOCGIFCONF, &list));
  printf("rows: %d\n", list.ifc_len / (int)sizeof *rows);
  list.ifc_len = sizeof rows;
  say("list", ioctl(fd, SIOCGIFCONF, &list));
  for (int i = 0; i < list.ifc_len / (int)sizeof *rows; i++) {
    struct sockaddr_in *addr = (struct sockaddr_in *)&rows[i].ifr_addr;
    inet_ntop(AF_INET, &addr->sin_addr, text, sizeof text);
    printf("%s %s, family %d\n", rows[i].ifr_name, text, addr->sin_family);
  }
  say("list nowhere", ioctl(fd, SIOCGIFCONF, BAD));
  list.ifc_req = BAD;
  say("rows nowhere", ioctl(fd, SIOCGIFCONF, &list));
  strcpy(one.ifr_name, "lo");
  say("index", ioctl(fd, SIOCGIFINDEX, &one) < 0 ? -1 : one.ifr_ifindex);
  say("mtu", ioctl(fd, SIOCGIFMTU, &one) < 0 ? -1 : one.ifr_mtu);
  say("flags", ioctl(fd, SIOCGIFFLAGS, &one) < 0 ? -1 : (one.ifr_flags & IFF_LOOPBACK));
  say("nowhere", ioctl(fd, SIOCGIFINDEX, BAD));
  strcpy(one.ifr_name, "none0");
  say("unknown", ioctl(fd, SIOCGIFINDEX, &one));
}

void options(void) {
  int stream = tcp(0), datagrams = socket(AF_INET, SOCK_DGRAM, 0), mark = 5, pair[2];
  values(stream, datagrams);
  filters(datagrams);
  say("mark", ioctl(datagrams, SIOCATMARK, &mark));
  say("mark", ioctl(stream, SIOCATMARK, &mark) < 0 ? -1 : mark);
  mark = getpid();
  say("owner", ioctl(datagrams, FIOSETOWN, &mark));
  say("is", ioctl(datagrams, FIOGETOWN, &mark) < 0 ? -1 : mark == getpid());
  interfaces(datagrams);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct ifreq one = {.ifr_name = "lo"};
  say("on another socket", ioctl(pair[0], SIOCGIFINDEX, &one) < 0 ? -1 : one.ifr_ifindex);
  say("write", write(pair[1], "four", 4));
  say("to read there", ioctl(pair[0], FIONREAD, &mark) < 0 ? -1 : mark);
}

/* An interface that only the stack has, asked for on any socket, and on what is none. */
void foreign(void) {
  struct ifreq one = {.ifr_name = "only0"};
  int pair[2], ends[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  say("on a datagram socket", ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFINDEX, &one));
  say("on another", ioctl(pair[0], SIOCGIFINDEX, &one));
  say("on a pipe", pipe(ends) < 0 ? -1 : ioctl(ends[0], SIOCGIFINDEX, &one));
}

/* Streams: addresses that TCP does not look at, what is not connected, what accept() refuses. */
void streams(void) {
  int port = ntohs(target.sin_port) + 3, listener = listening(port), client = tcp(SOCK_NONBLOCK);
  struct sockaddr_in name = target;
  struct sockaddr *addr = (struct sockaddr *)&name;
  socklen_t len = 6;
  say("nonblocking", fcntl(client, F_GETFL) & O_NONBLOCK);
  say("unconnected", sendto(client, "x", 1, MSG_NOSIGNAL, addr, sizeof name));
  say("shutdown", shutdown(client, SHUT_RD));
  say("no error", recv(client, &name, 1, MSG_ERRQUEUE));
  client = tcp(0);
  connect_to(client, port);
  name = target;
  say("with an address", sendto(client, "four", 4, 0, addr, sizeof name));
  say("flags", accept4(listener, NULL, NULL, 1));
  memset(&name, 0, sizeof name);
  int accepted = accept4(listener, addr, &len, SOCK_NONBLOCK);
  printf("accepted: %u bytes, family %d, %x\n", len, name.sin_family, name.sin_addr.s_addr);
  say("nonblocking", fcntl(accepted, F_GETFL) & O_NONBLOCK);
  say("cloexec", fcntl(accepted, F_GETFD));
  struct pollfd p = {.fd = accepted, .events = POLLIN};
  poll(&p, 1, WAIT_MS);
  say("read", read(accepted, &name, 4));
  len = 4;
  say("cut", getpeername(accepted, addr, &len));
  printf("name: %u bytes\n", len);
  len = (socklen_t)-1;
  say("length", getpeername(accepted, addr, &len));
  say("length nowhere", getpeername(accepted, addr, NULL));
  say("again", connect_to(accepted, port));
  say("accept", accept(accepted, NULL, NULL));
  connect_to(tcp(0), port);
  say("to nowhere", accept(listener, BAD, &len));
  say("shutdown", shutdown(listener, SHUT_RDWR));
  say("over", accept(listener, NULL, NULL));
}
