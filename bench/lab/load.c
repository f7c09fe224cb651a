/* load: small socket programs for the net benches; the same binary runs on the kernel's stack and
 * under nuse.
 *
 *   load echo  PORT [6]              TCP echo server, one connection after another, until killed
 *   load rr    HOST PORT SECS        1-byte request/response on one connection
 *   load crr   HOST PORT SECS        connect, 1-byte request/response, close; up to 25,000 times
 *   load usink PORT [6]              UDP sink; ends 600 ms after the last datagram
 *   load usend HOST PORT SIZE SECS   UDP sender, one send(2) a datagram
 *   load sink  PORT                  TCP sink of one connection; "rate" is the longest pause, in ms
 *   load pump  HOST PORT SECS        TCP sender, as fast as it goes, CUBIC
 *   load starts COUNT PROGRAM...     runs the program COUNT times; "rate" is the median, in ms
 *
 * HOST may be of IPv6; a server with "6" is.
 *
 * The last line is one JSON object. Rates are per second; a UDP rate is what the sink received.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char buf[65536];
static const int one = 1;
/* Connections that crr makes at most: each leaves a port in TIME-WAIT, of 28,232 that there are. */
static const unsigned long long crr_max = 25000;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void report(unsigned long long count, double secs) {
  double rate = secs > 0 ? (double)count / secs : 0;
  printf("{\"count\":%llu,\"secs\":%.6f,\"rate\":%.1f}\n", count, secs, rate);
  fflush(stdout);
}

struct end {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } a;
  socklen_t len;
};

/* host: NULL for any address, of IPv6 where is6. */
static struct end addr(const char *host, const char *port, int is6) {
  struct end e = {.len = sizeof e.a.v4};
  in_port_t p = htons((unsigned short)atoi(port));
  if (is6 || (host && strchr(host, ':'))) {
    e.len = sizeof e.a.v6;
    e.a.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = p};
    if (host && inet_pton(AF_INET6, host, &e.a.v6.sin6_addr) != 1) die(host);
    return e;
  }
  e.a.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = p};
  if (host && inet_pton(AF_INET, host, &e.a.v4.sin_addr) != 1) die(host);
  return e;
}

static int dial(const struct end *e) {
  int s = socket(e->a.any.sa_family, SOCK_STREAM, 0);
  if (s < 0) die("socket");
  if (connect(s, &e->a.any, e->len)) die("connect");
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return s;
}

static int serve(const char *port, int is6) {
  struct end e = addr(NULL, port, is6);
  int l = socket(e.a.any.sa_family, SOCK_STREAM, 0);
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(l, &e.a.any, e.len) || listen(l, 128)) die("listen");
  printf("READY\n");
  fflush(stdout);
  return l;
}

static _Noreturn void echo(const char *port, int is6) {
  int l = serve(port, is6);
  for (;;) {
    int c = accept(l, NULL, NULL);
    if (c < 0) die("accept");
    setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ssize_t n;
    while ((n = read(c, buf, sizeof buf)) > 0)
      if (write(c, buf, (size_t)n) != n) break;
    close(c);
  }
}

static int rr(const char *host, const char *port, double secs) {
  struct end e = addr(host, port, 0);
  int s = dial(&e);
  unsigned long long n = 0;
  double start = now(), t = start;
  for (; t < start + secs; t = now(), n++)
    if (write(s, buf, 1) != 1 || read(s, buf, 1) != 1) die("rr");
  report(n, t - start);
  return 0;
}

static int crr(const char *host, const char *port, double secs) {
  struct end e = addr(host, port, 0);
  unsigned long long n = 0;
  double start = now(), t = start;
  for (; t < start + secs && n < crr_max; t = now(), n++) {
    int s = dial(&e);
    if (write(s, buf, 1) != 1 || read(s, buf, 1) != 1) die("crr");
    close(s);
  }
  report(n, t - start);
  return 0;
}

static int usink(const char *port, int is6) {
  struct end e = addr(NULL, port, is6);
  int s = socket(e.a.any.sa_family, SOCK_DGRAM, 0), size = 4 << 20;
  struct timeval idle = {0, 600000};
  if (setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size))
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(s, &e.a.any, e.len)) die("bind");
  printf("READY\n");
  fflush(stdout);
  unsigned long long n = 0;
  double first = 0, last = 0;
  while (recv(s, buf, sizeof buf, 0) >= 0) {
    if (n++ == 0) {
      first = now();
      setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    }
    if ((n & 15) == 0) last = now();
  }
  report(n, last - first);
  return 0;
}

static int usend(const char *host, const char *port, size_t size, double secs) {
  struct end e = addr(host, port, 0);
  int s = socket(e.a.any.sa_family, SOCK_DGRAM, 0);
  if (connect(s, &e.a.any, e.len)) die("connect");
  unsigned long long n = 0;
  double start = now(), t = start;
  for (; t < start + secs; t = now())
    for (int i = 0; i < 16; i++)
      if (send(s, buf, size, 0) == (ssize_t)size) n++;
  report(n, t - start);
  return 0;
}

/* The first quarter of a second is the start, not a pause. */
static int sink(const char *port) {
  static const double start_secs = 0.25;
  int c = accept(serve(port, 0), NULL, NULL);
  if (c < 0) die("accept");
  unsigned long long n = 0;
  double first = now(), last = first, longest = 0;
  for (ssize_t got; (got = read(c, buf, sizeof buf)) > 0; n += (unsigned long long)got) {
    double t = now();
    if (last - first > start_secs && t - last > longest) longest = t - last;
    last = t;
  }
  printf("{\"count\":%llu,\"secs\":%.6f,\"rate\":%.4f}\n", n, last - first, longest * 1000);
  return 0;
}

static int pump(const char *host, const char *port, double secs) {
  struct end e = addr(host, port, 0);
  int s = dial(&e);
  if (setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5)) die("cubic");
  unsigned long long n = 0;
  double start = now(), t = start;
  for (; t < start + secs; t = now()) {
    ssize_t put = write(s, buf, sizeof buf);
    if (put < 0) die("write");
    n += (unsigned long long)put;
  }
  report(n, t - start);
  return 0;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int starts(int count, char **argv) {
  double *ms = calloc((size_t)count, sizeof *ms);
  if (!ms) die("calloc");
  for (int i = 0; i < count; i++) {
    double t = now();
    pid_t pid = fork();
    if (pid == 0) {
      execvp(argv[0], argv);
      die(argv[0]);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
      fprintf(stderr, "%s: status %d\n", argv[0], status);
      exit(1);
    }
    ms[i] = (now() - t) * 1000;
  }
  qsort(ms, (size_t)count, sizeof *ms, by_size);
  printf("{\"count\":%d,\"secs\":0,\"rate\":%.2f}\n", count, ms[count / 2]);
  free(ms);
  return 0;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  const char *mode = argc > 1 ? argv[1] : "";
  int is6 = argc == 4 && !strcmp(argv[3], "6");
  if (!strcmp(mode, "echo") && (argc == 3 || is6)) echo(argv[2], is6);
  if (!strcmp(mode, "rr") && argc == 5) return rr(argv[2], argv[3], atof(argv[4]));
  if (!strcmp(mode, "crr") && argc == 5) return crr(argv[2], argv[3], atof(argv[4]));
  if (!strcmp(mode, "usink") && (argc == 3 || is6)) return usink(argv[2], is6);
  if (!strcmp(mode, "usend") && argc == 6)
    return usend(argv[2], argv[3], (size_t)atoi(argv[4]), atof(argv[5]));
  if (!strcmp(mode, "sink") && argc == 3) return sink(argv[2]);
  if (!strcmp(mode, "pump") && argc == 5) return pump(argv[2], argv[3], atof(argv[4]));
  if (!strcmp(mode, "starts") && argc > 3 && atoi(argv[2]) > 0)
    return starts(atoi(argv[2]), argv + 3);
  fprintf(stderr, "usage: see the head of load.c\n");
  return 2;
}
