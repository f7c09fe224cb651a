/* What a program does that is linked statically: for door_test.ts and tests/e2e/door_test.ts.
 *
 *     behind CASE OUTPUT ADDRESS PORT
 *
 * Prints what came of it to the file OUTPUT ("-": stdout), with "end" as its last line. */
#define _GNU_SOURCE
#include "behind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 10000

struct sockaddr_in target;

void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
}

static void say_name(const char *what, int fd, int (*name)(int, struct sockaddr *, socklen_t *)) {
  struct sockaddr_in found = {0};
  socklen_t len = sizeof found;
  char text[INET_ADDRSTRLEN];
  if (name(fd, (struct sockaddr *)&found, &len) < 0) say(what, -1);
  else printf("%s: %s %d\n", what, inet_ntop(AF_INET, &found.sin_addr, text, sizeof text), len);
}

int tcp(int flags) { return socket(AF_INET, SOCK_STREAM | flags, 0); }

long connect_to(int fd, int port) {
  struct sockaddr_in name = target;
  name.sin_port = htons((uint16_t)port);
  return connect(fd, (struct sockaddr *)&name, sizeof name);
}

int int_option(int fd, int level, int name) {
  int value = -1;
  socklen_t len = sizeof value;
  return getsockopt(fd, level, name, &value, &len) < 0 ? -errno : value;
}

static void talk(int fd) {
  char text[64] = {0};
  say("write", write(fd, "from the program", 16));
  say("read", read(fd, text, sizeof text - 1));
  printf("text: %s\n", text);
}

static void client(void) {
  int fd = tcp(SOCK_CLOEXEC), one = 1;
  say("cloexec", fcntl(fd, F_GETFD));
  say("connect", connect_to(fd, ntohs(target.sin_port)));
  say("again", connect_to(fd, ntohs(target.sin_port)));
  say_name("local", fd, getsockname);
  say_name("peer", fd, getpeername);
  say("type", int_option(fd, SOL_SOCKET, SO_TYPE));
  say("domain", int_option(fd, SOL_SOCKET, SO_DOMAIN));
  say("nodelay", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
  say("is nodelay", int_option(fd, IPPROTO_TCP, TCP_NODELAY));
  talk(fd);
  say("shutdown", shutdown(fd, SHUT_WR));
  char rest[8];
  say("end of file", read(fd, rest, sizeof rest));
  close(fd);
}

/* By numbers, without the C library's functions. */
static void numbers(void) {
  int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
  say("connect", syscall(SYS_connect, fd, &target, sizeof target));
  talk(fd);
}

/* Urgent data out and in. */
static void urgent(void) {
  int fd = tcp(0), mark = -1, one = 1;
  char text[64] = {0};
  struct pollfd p = {.fd = fd, .events = POLLPRI};
  say("connect", connect_to(fd, ntohs(target.sin_port)));
  say("send", send(fd, "abc!", 4, MSG_OOB));
  say("send", send(fd, "def", 3, 0));
  say("poll", poll(&p, 1, WAIT_MS));
  say("read", recv(fd, text, sizeof text - 1, MSG_WAITALL));
  printf("text: %s\n", text);
  say("mark", ioctl(fd, SIOCATMARK, &mark) == 0 ? mark : -1);
  say("urgent", recv(fd, text, 1, MSG_OOB));
  printf("byte: %c\n", text[0]);
  say("in line", setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof one));
  say("urgent", recv(fd, text, 1, MSG_OOB));
}

static void *on_thread(void *unused) {
  (void)unused;
  numbers();
  return NULL;
}

static void threads(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, on_thread, NULL);
  pthread_join(thread, NULL);
}

/* The descriptor of another process, and a number of its own for it. */
static void children(void) {
  int fd = dup2(tcp(0), 100);
  fflush(stdout);
  if (fork() == 0) {
    say("connect", connect_to(fd, ntohs(target.sin_port)));
    talk(fd);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  say_name("peer", fd, getpeername);
}

static void on_alarm(int number) { (void)number; }

static void alarm_after(long us, bool restarts) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = restarts ? SA_RESTART : 0};
  struct itimerval once = {.it_value = {us / 1000000, us % 1000000}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &once, NULL);
}

static void say_outcome(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  say("poll", poll(&p, 1, WAIT_MS));
  say("SO_ERROR", int_option(fd, SOL_SOCKET, SO_ERROR));
}

static void nonblocking(void) {
  int fd = tcp(SOCK_NONBLOCK);
  say("connect", connect_to(fd, 1));
  say_outcome(fd);
  say("aborted", connect_to(fd, ntohs(target.sin_port)));
  say("once more", connect_to(fd, ntohs(target.sin_port)));
  say_outcome(fd);
  fcntl(fd, F_SETFL, 0);
  talk(fd);
}

/* Nobody answers there: writable only when it has failed. */
static void unanswered(void) {
  int fd = tcp(SOCK_NONBLOCK);
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  say("connect", connect_to(fd, 9));
  say("poll", poll(&p, 1, 100));
  say("again", connect_to(fd, 9));
  fd = tcp(0);
  alarm_after(30000, false);
  say("interrupted", connect_to(fd, 9));
  say("and again", connect_to(fd, 9));
}

static void errors(void) {
  int fd = tcp(0), pair[2];
  struct sockaddr_un host = {.sun_family = AF_UNIX};
  struct sockaddr_storage name;
  socklen_t len = sizeof name;
  say("type", tcp(0x10));
  say("protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  say("packet", socket(AF_PACKET, SOCK_RAW, 0));
  say("bad", connect_to(999, 80));
  say("file", connect_to(0, 80));
  say("pointer", connect(fd, (struct sockaddr *)8, sizeof target));
  say("length", connect(fd, (struct sockaddr *)&target, 4));
  say("family", connect(fd, (struct sockaddr *)&host, sizeof host));
  say("peer", getpeername(fd, (struct sockaddr *)&name, &len));
  say("name", getsockname(fd, (struct sockaddr *)8, &len));
  say("option", setsockopt(fd, IPPROTO_TCP, 999, &len, sizeof len));
  say("left to read", setsockopt(fd, IPPROTO_TCP, TCP_INQ, &len, sizeof len));
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  say("joined", setsockopt(datagrams, IPPROTO_UDP, 104 /* UDP_GRO */, &len, sizeof len));
  say("accept", accept(fd, NULL, NULL));
  say("refused", connect_to(fd, 1));
  say("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  len = sizeof name;
  say("its name", getsockname(pair[0], (struct sockaddr *)&name, &len));
  say("its family", name.ss_family);
  say("its type", int_option(pair[0], SOL_SOCKET, SO_TYPE));
  say("io_uring", syscall(425 /* io_uring_setup */, 1, &name));
}

/* A call as 32-bit programs make it. */
static long int80(long number, long a, long b, long c) {
#ifdef __x86_64__
#define GETPID_32 getpid()
  int result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(a), "c"(b), "d"(c)
                   : "r8", "r9", "r10", "r11", "memory");
  return result;
#else
#define GETPID_32 (-ENOSYS)
  (void)number, (void)a, (void)b, (void)c;
  return -ENOSYS;
#endif
}

/* What nuse serves to nobody; the rest of a 32-bit program works. */
static void refused(void) {
  char room[128] = {0};
  printf("io_uring: %s\n", syscall(425, 1, room) < 0 && errno == ENOSYS ? "ENOSYS" : "there");
  printf("socket: %ld\n", int80(359, AF_INET, SOCK_STREAM, 0) + ENOSYS);
  printf("socketcall: %ld\n", int80(102, 1, 0, 0) + ENOSYS);
  printf("getpid: %d\n", int80(20, 0, 0, 0) == GETPID_32);
}

int listening(int port) {
  struct sockaddr_in name = target;
  int fd = tcp(0), one = 1;
  name.sin_port = htons((uint16_t)port);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  say("bind", bind(fd, (struct sockaddr *)&name, sizeof name));
  say("listen", listen(fd, 4));
  return fd;
}

/* Connects to itself by a child, so that accept() waits. */
static void server(void) {
  int port = ntohs(target.sin_port) + 1, fd = listening(port);
  fflush(stdout);
  if (fork() == 0) {
    usleep(50000);
    int own = tcp(0);
    connect_to(own, port);
    if (write(own, "from the child", 14) != 14) _exit(1);
    _exit(0);
  }
  struct sockaddr_in peer = {0};
  socklen_t len = sizeof peer;
  char text[64] = {0}, address[INET_ADDRSTRLEN];
  int accepted = accept4(fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
  say("accept", accepted > fd);
  printf("from: %s\n", inet_ntop(AF_INET, &peer.sin_addr, address, sizeof address));
  say("cloexec", fcntl(accepted, F_GETFD));
  say("read", read(accepted, text, sizeof text - 1));
  printf("text: %s\n", text);
  wait(NULL);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  say("nobody", accept(fd, NULL, NULL));
}

/* A wait ends by a signal, or begins anew. */
static void signals(void) {
  int port = ntohs(target.sin_port) + 2, fd = listening(port);
  alarm_after(30000, false);
  say("accept", accept(fd, NULL, NULL));
  fflush(stdout);
  if (fork() == 0) {
    usleep(150000);
    _exit(connect_to(tcp(0), port) == 0 ? 0 : 1);
  }
  alarm_after(30000, true);
  say("restarted", accept(fd, NULL, NULL) > fd);
  wait(NULL);
}

void say_from(const char *what, long n, const struct sockaddr_in *from, socklen_t len) {
  char address[INET_ADDRSTRLEN] = "";
  if (n < 0) return say(what, n);
  inet_ntop(AF_INET, &from->sin_addr, address, sizeof address);
  printf("%s: %ld from %s, %u bytes of name\n", what, n, address, len);
}

static void reset(int fd) {
  struct linger at_once = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(fd);
}

static void say_hang_up(const char *what, int fd) {
  struct pollfd p = {.fd = fd};
  say(what, poll(&p, 1, WAIT_MS) == 1 ? p.revents & (POLLERR | POLLHUP) : -1);
}

/* What a reset leaves behind, and a refusal for which nobody has waited. */
static void ends(void) {
  int port = ntohs(target.sin_port) + 3, listener = listening(port), fd = tcp(0);
  char text[8];
  say("connect", connect_to(fd, port));
  reset(accept(listener, NULL, NULL));
  say_hang_up("reset", fd);
  say("read", read(fd, text, sizeof text));
  say("read", read(fd, text, sizeof text));
  say("told", int_option(fd, SOL_SOCKET, SO_ERROR));
  int moved = tcp(0);
  say("connect", connect_to(moved, port));
  dup2(moved, 100);
  close(moved);
  int other = tcp(0); /* another at that number */
  reset(accept(listener, NULL, NULL));
  say_hang_up("moved", 100);
  say("read", read(100, text, sizeof text));
  say("other", recv(other, text, sizeof text, MSG_DONTWAIT));
  fcntl(other, F_SETFL, O_NONBLOCK);
  say("connect", connect_to(other, 1));
  say_hang_up("refused", other);
  say("SO_ERROR", int_option(other, SOL_SOCKET, SO_ERROR));
  say("read", read(other, text, sizeof text));
}

/* An echo request to oneself, by a raw socket and by one that needs no right. */
static void ping(void) {
  uint8_t request[16] = {8, 0, 0, 0, 0, 7, 0, 1}, reply[128];
  request[2] = 0xf7;
  request[3] = 0xf7;
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  say("raw", raw < 0 ? raw : 0);
  struct sockaddr_in from;
  socklen_t len = sizeof from;
  say("sendto", sendto(raw, request, sizeof request, 0, (struct sockaddr *)&target, sizeof target));
  for (int i = 0; i < 2; i++) {
    long n = recvfrom(raw, reply, sizeof reply, 0, (struct sockaddr *)&from, &len);
    if (n != 36 || reply[20] != 0) continue; /* over the loopback the request comes first */
    say_from("reply", n, &from, len);
    break;
  }
  int port = socket(AF_INET, SOCK_STREAM, 0);
  target.sin_port = htons(99);
  say("port 99", bind(port, (struct sockaddr *)&target, sizeof target));
}

/* Without a right. */
static void nobody(void) {
  setgid(65534);
  setuid(65534);
  say("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  int port = socket(AF_INET, SOCK_STREAM, 0);
  target.sin_port = htons(98);
  say("port 98", bind(port, (struct sockaddr *)&target, sizeof target));
}

static const struct {
  const char *name;
  void (*run)(void);
} CASES[] = {
  {"client", client}, {"numbers", numbers}, {"threads", threads}, {"children", children},
  {"nonblocking", nonblocking}, {"unanswered", unanswered}, {"errors", errors},
  {"server", server}, {"signals", signals}, {"datagrams", datagrams}, {"datagram", datagram},
  {"ping", ping}, {"nobody", nobody}, {"urgent", urgent}, {"refused", refused},
  {"messages", messages}, {"refusals", refusals}, {"streams", streams}, {"options", options},
  {"netlink", netlink}, {"ends", ends}, {"foreign", foreign},
};

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  target.sin_family = AF_INET;
  target.sin_port = htons((uint16_t)atoi(argv[4]));
  inet_pton(AF_INET, argv[3], &target.sin_addr);
  if (strcmp(argv[2], "-") != 0 && freopen(argv[2], "w", stdout) == NULL) return 2;
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    if (strcmp(CASES[i].name, argv[1]) == 0) CASES[i].run();
  }
  printf("end\n");
  return 0;
}
