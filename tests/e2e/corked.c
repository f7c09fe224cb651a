/*
 * corked: into how many segments a stream's bytes go when TCP_CORK and MSG_MORE come
 * before and after them, by TCP_INFO's count. Nothing is waited for in between, so that what is
 * told and what is written race as far as they can. A cork holds for 200 ms: rounds that took long
 * are not counted.
 */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 400
#define LONG_MS 100
#define SELDOM 20 /* one of so many may be wrong: a tail loss probe counts, too */

static int fd, other;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void set(int name, int value) {
  if (setsockopt(fd, IPPROTO_TCP, name, &value, sizeof value) != 0) perror("setsockopt");
}

static int get(int name) {
  int value = -1;
  socklen_t len = sizeof value;
  getsockopt(fd, IPPROTO_TCP, name, &value, &len);
  return value;
}

static long segments(void) {
  struct tcp_info info = {0};
  socklen_t len = sizeof info;
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
  return info.tcpi_data_segs_out;
}

static void take(size_t len) {
  char to[256];
  if (recv(other, to, len, MSG_WAITALL) != (ssize_t)len) perror("recv");
}

static void put(size_t len, int flags) {
  static const char from[256];
  if (send(fd, from, len, flags) != (ssize_t)len) perror("send");
}

static void corked(void) {
  set(TCP_CORK, 1);
  put(10, 0);
  put(20, 0);
  set(TCP_CORK, 0);
  take(30);
}

static void cork_after(void) {
  put(5, 0);
  set(TCP_CORK, 1);
  put(10, 0);
  put(20, 0);
  set(TCP_CORK, 0);
  take(35);
}

static void more(void) {
  put(10, MSG_MORE);
  put(20, MSG_MORE);
  put(30, 0);
  take(60);
}

static void more_after(void) {
  put(5, 0);
  more();
  take(5);
}

static void shown(void) {
  set(TCP_CORK, 7);
  put(10, 0);
  if (get(TCP_CORK) != 1) printf("a cork does not show\n");
  set(TCP_CORK, 0);
  if (get(TCP_CORK) != 0) printf("no cork shows\n");
  take(10);
}

static void count(const char *what, void (*act)(void), long expected) {
  int counted = 0, wrong = 0;
  for (int i = 0; i < ROUNDS; i++) {
    double began = now_ms();
    long before = segments();
    act();
    long n = segments() - before;
    if (now_ms() - began > LONG_MS) continue;
    counted++;
    wrong += n != expected;
  }
  const char *how = wrong <= counted / SELDOM ? "right" : "wrong";
  printf("%s: %s\n", what, counted > 0 ? how : "none in time");
}

int main(void) {
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof name;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&name, sizeof name);
  getsockname(listener, (struct sockaddr *)&name, &len);
  listen(listener, 1);
  fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&name, sizeof name) != 0) perror("connect");
  other = accept(listener, NULL, NULL);
  set(TCP_NODELAY, 1);
  count("corked", corked, 1);
  count("cork after bytes", cork_after, 2);
  count("more", more, 1);
  count("more after bytes", more_after, 2);
  count("shown", shown, 1);
  return 0;
}
