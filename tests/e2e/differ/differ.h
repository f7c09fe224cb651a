/*
 * The differential suite: small uses of the socket API, each a case that prints what its calls
 * come to, so that two systems can be compared line by line. Case by case in a process of its own
 * (main.c), with a limit of time.
 *
 * Numbers that differ between any two runs (ports, descriptors, times) are not printed. What one
 * socket does is waited for at the other (await): how soon it shows there is another test's matter
 * (instant.c).
 */
#ifndef DIFFER_H
#define DIFFER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Our own address, the peer's, nobody's in the same network, one that no route leads to. */
#define LO "127.0.0.1"
#define ANY "0.0.0.0"
#define SELF "198.18.0.2"
#define PEER "198.18.0.1"
#define NOBODY "198.18.0.77"
#define NOWHERE "203.0.113.9"
#define BROADCAST "198.18.0.255"
#define GROUP "239.1.2.3"
/* The same in IPv6. */
#define SELF6 "2001:db8:1::2"
#define PEER6 "2001:db8:1::1"
#define NOBODY6 "2001:db8:1::77"
/* Of the peer; nothing listens there. */
#define CLOSED 4990

void add_case(const char *topic, const char *name, void (*run)(void));

/* A case: CASE(topic, name) { … } */
#define CASE(topic, name)                                                                          \
  static void case_##name(void);                                                                   \
  __attribute__((constructor)) static void add_##name(void) {                                      \
    add_case(#topic, #name, case_##name);                                                          \
  }                                                                                                \
  static void case_##name(void)

void show_result(const char *what, long result);
/* Makes the call and prints it with its result, or errno's name. */
#define SHOW(call) show_result(#call, (long)(call))
/* As SHOW, under another name. */
#define SHOW_AS(what, call) show_result(what, (long)(call))

struct sockaddr_in at(const char *ip, int port);
struct sockaddr_in6 at6(const char *ip, int port);
/* From now on sockets are of AF_INET6, and addresses are what they are in IPv6 (tools.c). */
void use_ipv6(void);
void show_address(const struct sockaddr_storage *name);
int tcp(void);
int udp(void);
/* An address in the family of the run; its length. */
socklen_t name_of(const char *ip, int port, struct sockaddr_storage *name);
int bind_to(int fd, const char *ip, int port);
int dial(int fd, const char *ip, int port);
int port_of(int fd);
/* A listener at a free port of the loopback; a port of it at which nobody listens. */
int listening(void);
int free_port(void);
int connected(int listener);
/* Two ends of a connection, on the loopback; two UDP sockets that are connected to each other. */
void pair_of(int fds[2]);
void udp_pair(int fds[2]);
int nonblocking(int fd);
int set_int(int fd, int level, int name, int value);
int get_int(int fd, int level, int name);
int so_error(int fd);
int set_linger(int fd, int on, int seconds);
int send_to(int fd, const char *text, const char *ip, int port);

#define ALL (POLLIN | POLLPRI | POLLOUT | POLLRDHUP)
int poll_bits(int fd);
/* Until poll() shows all of `bits`, a second at most: what it shows then. */
int await(int fd, int bits);
/* Prints poll()'s picture once `bits` are in it. */
void show_poll(int fd, int bits);
/* Receives, when there is something: the result and the text. */
void show_recv(int fd, int flags);
/* getsockname(), getpeername(): the result and the address; 0.0.0.0 where there is none. */
void show_own_name(int fd);
void show_peer_name(int fd);
void await_bytes(int fd, int count);
void quiet_moment(void);
void set_timeout(int fd, int name, int ms);
long elapsed_ms(const struct timespec *since);

#endif
