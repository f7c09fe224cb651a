/* What the cases of behind.c have in common. */
#ifndef BEHIND_H
#define BEHIND_H

#include <netinet/in.h>
#include <sys/socket.h>

extern struct sockaddr_in target;

/* Prints a result, or the errno's name. */
void say(const char *what, long result);
void say_from(const char *what, long n, const struct sockaddr_in *from, socklen_t len);
/* A TCP socket. */
int tcp(int flags);
long connect_to(int fd, int port);
int listening(int port);
/* Or -errno. */
int int_option(int fd, int level, int name);

/* Cases: datagrams to itself and to nobody, one to the target; control messages and what goes with
 * them; what calls refuse; streams; options and ioctls; netlink sockets. */
void datagrams(void);
void datagram(void);
void messages(void);
void refusals(void);
void streams(void);
void options(void);
void foreign(void);
void netlink(void);

#endif
