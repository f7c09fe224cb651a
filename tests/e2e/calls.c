/*
 * calls CASE ADDRESS PORT: makes calls whose results are the kernel's to decide, and prints them,
 * to be compared between nuse and the kernel.
 */
#define _GNU_SOURCE
#include "program.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

static struct sockaddr_in to;

void filters(void); /* group_calls.c */

/* Errors that tell of the call's arguments, not of the socket. */
static void codes(void) {
  static const int kinds[][2] = {{AF_INET, SOCK_STREAM}, {AF_INET, SOCK_DGRAM},
                                 {AF_INET6, SOCK_STREAM}, {AF_INET6, SOCK_DGRAM}};
  static const int levels[] = {IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, SOL_RAW, 7777};
  for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    int value = 0, fd = socket(kinds[i][0], kinds[i][1], 0);
    printf("%d %d\n", kinds[i][0], kinds[i][1]);
    for (unsigned k = 0; k < sizeof levels / sizeof levels[0]; k++) {
      socklen_t len = sizeof value;
      say("getsockopt", getsockopt(fd, levels[k], 250, &value, &len));
      say("setsockopt", setsockopt(fd, levels[k], 250, &value, sizeof value));
    }
    say("TCP_CONGESTION", setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6));
    say("SIOCOUTQNSD", ioctl(fd, SIOCOUTQNSD, &value));
    close(fd);
  }
}

/* An ICMP error is the next call's result, also where there is no peer. */
static void recverr(void) {
  struct pollfd p = {.events = POLLIN};
  char back[8];
  int on = 1;
  for (int is_on = 0; is_on < 2; is_on++) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    p.fd = fd;
    if (is_on) setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    for (int i = 0; i < 3; i++) {
      say("sendto", sendto(fd, "abc", 3, 0, (struct sockaddr *)&to, sizeof to));
      if (i == 1) say("error queue", recv(fd, back, sizeof back, MSG_ERRQUEUE));
      else say("poll", poll(&p, 1, is_on ? 5000 : 100));
    }
    say("sendto", sendto(fd, "abc", 3, 0, (struct sockaddr *)&to, sizeof to));
  }
}

/* Only the addresses of families that this machine has. */
static void resolve(const char *address) {
  static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
  for (int i = 0; i < 3; i++) {
    struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG | AI_NUMERICHOST, .ai_family = families[i],
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int result = getaddrinfo(i == 2 ? "2001:db8::1" : address, "80", &hints, &found);
    printf("%s\n", result == 0 ? "found" : gai_strerror(result));
  }
}

#define PASS(number)                                                                               \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Sockets made and used where any call but these ends the process, as vsftpd does. */
static void sandboxed(void) {
  static struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      PASS(SYS_socket), PASS(SYS_bind), PASS(SYS_listen), PASS(SYS_getsockname), PASS(SYS_connect),
      PASS(SYS_accept), PASS(SYS_read), PASS(SYS_write), PASS(SYS_close), PASS(SYS_exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof name;
  char buf[8];
  say("before", close(socket(AF_INET, SOCK_STREAM, 0)));
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  say("seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  say("bind", bind(listener, (struct sockaddr *)&name, sizeof name));
  say("listen", listen(listener, 1));
  say("getsockname", getsockname(listener, (struct sockaddr *)&name, &len));
  int client = socket(AF_INET, SOCK_STREAM, 0);
  say("connect", connect(client, (struct sockaddr *)&name, sizeof name));
  int server = accept(listener, NULL, NULL);
  say("write", write(server, "inside", 6));
  say("read", read(client, buf, sizeof buf));
  say("close", close(server));
  say("read", read(client, buf, sizeof buf));
}

/* The same calls by number. */
static void numbers(void) {
  char buf[8];
  struct iovec iov = {buf, sizeof buf};
  struct mmsghdr vector = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof name;
  long fd = syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
  say("bind", syscall(SYS_bind, fd, &name, sizeof name));
  say("getsockname", syscall(SYS_getsockname, fd, &name, &len));
  say("sendto", syscall(SYS_sendto, fd, "number", 6, 0, &name, len));
  say("recvmmsg", syscall(SYS_recvmmsg, fd, &vector, 1, 0, NULL));
  printf("%u %.6s\n", vector.msg_len, buf);
  say("close", syscall(SYS_close, fd));
  say("close", syscall(SYS_close, fd));
}

/* ---- datagrams to oneself ---- */

static struct sockaddr_in own;

/* A datagram socket bound to the loopback. */
static int bound(void) {
  socklen_t len = sizeof own;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  own = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bind(fd, (struct sockaddr *)&own, sizeof own);
  getsockname(fd, (struct sockaddr *)&own, &len);
  return fd;
}

static void say_received(int fd) {
  char buf[4096];
  struct pollfd p = {.fd = fd, .events = POLLIN};
  poll(&p, 1, 2000);
  say("received", recv(fd, buf, sizeof buf, 0));
}

/* A program that lets those pass whose payload begins with 'y', and four bytes of them. */
static void filtered(void) {
  struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
                               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
                               BPF_STMT(BPF_RET | BPF_K, 12), BPF_STMT(BPF_RET | BPF_K, 0)};
  struct sock_fprog program = {4, code}, endless = {3, code}, none = {0, code};
  int fd = bound();
  say("no return", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &endless, sizeof endless));
  say("empty", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &none, sizeof none));
  say("filter", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
  sendto(fd, "xaaaaaaa", 8, 0, (struct sockaddr *)&own, sizeof own);
  sendto(fd, "ybbbbbbb", 8, 0, (struct sockaddr *)&own, sizeof own);
  say_received(fd);
  say("no more", recv(fd, code, sizeof code, 0));
  say("detach", setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)));
  say("detach", setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int)));
  sendto(fd, "xaaaaaaa", 8, 0, (struct sockaddr *)&own, sizeof own);
  say_received(fd);
}

#define SOL_UDP_LEVEL 17
#define UDP_SEGMENT_NAME 103

/* One message that says by itself into how many datagrams it falls. */
static void segments(void) {
  static char payload[2500];
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
  struct iovec iov = {payload, sizeof payload};
  int fd = bound();
  struct msghdr msg = {.msg_name = &own, .msg_namelen = sizeof own, .msg_iov = &iov,
                       .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  *c = (struct cmsghdr){CMSG_LEN(sizeof(uint16_t)), SOL_UDP_LEVEL, UDP_SEGMENT_NAME};
  memcpy(CMSG_DATA(c), &(uint16_t){1000}, sizeof(uint16_t));
  say("sendmsg", sendmsg(fd, &msg, 0));
  for (int i = 0; i < 3; i++) say_received(fd);
  memcpy(CMSG_DATA(c), &(uint16_t){1}, sizeof(uint16_t));
  say("too many", sendmsg(fd, &msg, 0));
  c->cmsg_len = CMSG_LEN(1);
  say("too short", sendmsg(fd, &msg, 0));
}

/* The kernel begins to stamp a moment after the first socket has asked for it. */
static void stamps(void) {
  char buf[8];
  _Alignas(struct cmsghdr) char control[256];
  struct iovec iov = {buf, sizeof buf};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
  int fd = bound(), flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  struct pollfd p = {.fd = fd, .events = POLLIN};
  say("stamps", setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags));
  for (int i = 0; i < 1000 && msg.msg_controllen == 0; i++) {
    msg.msg_controllen = sizeof control;
    sendto(fd, "a", 1, 0, (struct sockaddr *)&own, sizeof own);
    poll(&p, 1, 2000);
    recvmsg(fd, &msg, 0);
    usleep(1000);
  }
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
    struct timespec *stamp = (struct timespec *)CMSG_DATA(c);
    long age = time(NULL) - stamp->tv_sec;
    printf("%d %d %zu %d\n", c->cmsg_level, c->cmsg_type, c->cmsg_len, age >= 0 && age < 100);
  }
}

/* ---- pointers and lengths ---- */

#define PAGE 4096

static char *pages;     /* one that can be used, then one that cannot */
static char *read_only; /* a page */

/* Pointers that a call must not follow; the last can be read, but not written. */
static void *bad(int i) {
  void *list[] = {NULL, (void *)8, (void *)-1, (void *)(-4096l), pages + PAGE, pages + PAGE - 2,
                  read_only};
  return list[i];
}
#define BAD_TO_READ 6
#define BAD_TO_WRITE 7

/* Sends itself a datagram, and waits until it is there, and no other. */
static void feed(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  while (recv(fd, &(char){0}, 1, 0) >= 0) continue;
  sendto(fd, "12345678", 8, 0, (struct sockaddr *)&own, sizeof own);
  poll(&p, 1, 5000);
}

static void names(int fd) {
  char buf[64];
  for (int i = 0; i < BAD_TO_WRITE; i++) {
    socklen_t len = 16;
    say("getsockname's address", getsockname(fd, bad(i), &len));
    say("its length", getsockname(fd, (struct sockaddr *)buf, bad(i)));
    feed(fd);
    say("recvfrom's address", recvfrom(fd, buf, 64, 0, bad(i), &len));
    feed(fd);
    say("its length", recvfrom(fd, buf, 64, 0, (struct sockaddr *)buf, bad(i)));
    say("getsockopt's value", getsockopt(fd, SOL_SOCKET, SO_TYPE, bad(i), &len));
    say("its length", getsockopt(fd, SOL_SOCKET, SO_TYPE, buf, bad(i)));
    say("FIONREAD", ioctl(fd, FIONREAD, bad(i)));
    say("SIOCGIFCONF", ioctl(fd, SIOCGIFCONF, bad(i)));
  }
  for (int i = 0; i < BAD_TO_READ; i++) {
    say("bind", bind(fd, bad(i), 16));
    say("connect", connect(fd, bad(i), 16));
    say("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, bad(i), 4));
    say("a filter", setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, bad(i), 16));
  }
}

/* No address at all is none to send to: not among these. */
static void sends(int fd) {
  struct iovec iov = {"abc", 3};
  for (int i = 1; i < BAD_TO_READ; i++) {
    struct msghdr to_bad = {.msg_name = bad(i), .msg_namelen = 16, .msg_iov = &iov,
                            .msg_iovlen = 1};
    struct msghdr pieces = {.msg_name = &own, .msg_namelen = sizeof own, .msg_iov = bad(i),
                            .msg_iovlen = 1};
    struct msghdr control = {.msg_name = &own, .msg_namelen = sizeof own, .msg_iov = &iov,
                             .msg_iovlen = 1, .msg_control = bad(i), .msg_controllen = 32};
    say("sendto's address", sendto(fd, "abc", 3, 0, bad(i), 16));
    say("sendto's bytes", sendto(fd, bad(i), 3, 0, (struct sockaddr *)&own, sizeof own));
    say("sendmsg", sendmsg(fd, bad(i), 0));
    say("its address", sendmsg(fd, &to_bad, 0));
    say("its pieces", sendmsg(fd, &pieces, 0));
    say("its control messages", sendmsg(fd, &control, 0));
    say("sendmmsg", sendmmsg(fd, bad(i), 2, 0));
    say("writev", writev(fd, bad(i), 1));
  }
}

static void receives(int fd) {
  char buf[16];
  struct timespec soon = {0, 0};
  for (int i = 0; i < BAD_TO_WRITE; i++) {
    struct iovec iov = {buf, sizeof buf}, lost = {bad(i), 8};
    struct msghdr from = {.msg_name = bad(i), .msg_namelen = 16, .msg_iov = &iov, .msg_iovlen = 1};
    struct msghdr bytes = {.msg_iov = &lost, .msg_iovlen = 1};
    struct mmsghdr vector = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
    feed(fd);
    say("recvmsg's address", recvmsg(fd, &from, 0));
    feed(fd);
    say("its bytes", recvmsg(fd, &bytes, 0));
    if (i < BAD_TO_READ) say("recvmsg", recvmsg(fd, bad(i), 0));
    if (i < BAD_TO_READ) say("recvmmsg", recvmmsg(fd, bad(i), 1, 0, NULL));
    if (i < BAD_TO_READ) say("readv", readv(fd, bad(i), 1));
    if (i > 0) say("its timeout", recvmmsg(fd, &vector, 1, MSG_DONTWAIT, i == 6 ? &soon : bad(i)));
  }
}

static void lengths(int fd) {
  char buf[64];
  socklen_t len = -1;
  volatile int none = -1, many = 2000; /* the compiler shall not know */
  struct iovec iov = {buf, sizeof buf}, negative = {buf, (size_t)-1};
  struct msghdr msg = {.msg_name = &own, .msg_namelen = -1, .msg_iov = &iov, .msg_iovlen = 1};
  say("getsockname", getsockname(fd, (struct sockaddr *)buf, &len));
  say("getsockopt", getsockopt(fd, SOL_SOCKET, SO_TYPE, buf, &len));
  say("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, buf, -1));
  say("bind", bind(fd, (struct sockaddr *)&own, -1));
  say("sendto", sendto(fd, buf, 1, 0, (struct sockaddr *)&own, -1));
  say("sendmsg", sendmsg(fd, &msg, 0));
  say("recvmsg", recvmsg(fd, &msg, 0));
  feed(fd);
  len = -1;
  say("recvfrom", recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)buf, &len));
  msg = (struct msghdr){.msg_name = &own, .msg_namelen = 16, .msg_iov = &negative, .msg_iovlen = 1};
  say("sendmsg's piece", sendmsg(fd, &msg, 0));
  say("recvmsg's piece", recvmsg(fd, &msg, 0));
  msg.msg_iovlen = (size_t)many;
  say("too many pieces", sendmsg(fd, &msg, 0));
  say("writev", writev(fd, &iov, none));
  say("readv", readv(fd, &iov, many));
}

/* A connection with itself, and what accept() and sendfile() are given. */
static void streams(void) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof name;
  int listener = socket(AF_INET, SOCK_STREAM, 0), file = open("/proc/self/exe", O_RDONLY);
  bind(listener, (struct sockaddr *)&name, sizeof name);
  listen(listener, 16);
  getsockname(listener, (struct sockaddr *)&name, &len);
  for (int i = 0; i < BAD_TO_WRITE; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char buf[32];
    connect(fd, (struct sockaddr *)&name, sizeof name);
    len = 16;
    say("getpeername's address", getpeername(fd, bad(i), &len));
    say("its length", getpeername(fd, (struct sockaddr *)buf, bad(i)));
    if (i > 0) say("accept's address", accept(listener, bad(i), &len));
    if (i == 0) say("accept's length", accept(listener, (struct sockaddr *)buf, bad(i)));
    if (i > 0) say("sendfile's offset", sendfile(fd, file, bad(i), 10));
    if (i > 0 && i < BAD_TO_READ) {
      struct msghdr pieces = {.msg_iov = bad(i), .msg_iovlen = 1};
      say("send", send(fd, bad(i), 5, 0));
      say("sendto", sendto(fd, "a", 1, 0, bad(i), 16));
      say("sendmsg", sendmsg(fd, bad(i), 0));
      say("its pieces", sendmsg(fd, &pieces, 0));
    }
  }
}

static void pointers(void) {
  int fd = bound();
  pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  read_only = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(pages + PAGE, PAGE, PROT_NONE);
  names(fd);
  sends(fd);
  receives(fd);
  lengths(fd);
  streams();
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  setvbuf(stdout, NULL, _IONBF, 0);
  to = address_of(argv + 2);
  if (strcmp(argv[1], "codes") == 0) codes();
  if (strcmp(argv[1], "pointers") == 0) pointers();
  if (strcmp(argv[1], "recverr") == 0) recverr();
  if (strcmp(argv[1], "sandboxed") == 0) sandboxed();
  if (strcmp(argv[1], "numbers") == 0) numbers();
  if (strcmp(argv[1], "filtered") == 0) filtered();
  if (strcmp(argv[1], "segments") == 0) segments();
  if (strcmp(argv[1], "stamps") == 0) stamps();
  if (strcmp(argv[1], "filters") == 0) filters();
  if (strcmp(argv[1], "resolve") == 0) resolve(argv[2]);
  return 0;
}
