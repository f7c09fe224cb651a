/*
 * A stream from which many bytes come, in every way that a program has of reading it.
 *
 *     rings_in give PORT            sends what it is asked for (rings_giver.h)
 *     rings_in HOW ADDRESS PORT     reads, and looks at each byte
 */
#define _GNU_SOURCE
#include "rings_in_shared.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>

/* ---- without waiting ---- */

/* Everything arrives although a short count is taken for "empty". */
static void edges(void) {
  int epoll = epoll_create1(0), misses = 0;
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  bulk(MANY);
  fcntl(sock, F_SETFL, O_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event);
  for (int i = 0; i < 40; i++) {
    ask(1 + next(2 << 20));
    while (seen < asked) {
      if (epoll_wait(epoll, &event, 1, 5000) != 1) {
        misses++;
        break;
      }
      size_t len = 1 + next(MOST);
      long n;
      do {
        n = recv(sock, buffer, len, 0);
        if (n < 0 && errno != EAGAIN) fail("recv");
        if (n > 0) look(buffer, (size_t)n);
      } while (n == (long)len);
    }
  }
  printf("missed edges: %d\n", misses);
  fcntl(sock, F_SETFL, 0);
}

static int shows_by_select(void) {
  fd_set set;
  struct timeval none = {0};
  FD_ZERO(&set);
  FD_SET(sock, &set);
  return select(sock + 1, &set, NULL, NULL, &none) == 1;
}

/* What FIONREAD counts, all that look see; what they see can be read; and what was asked for is
 * what is counted in the end. */
static void levels(void) {
  int epoll = epoll_create1(0), wrong = 0, refused = 0;
  struct epoll_event event = {.events = EPOLLIN};
  bulk(MANY);
  fcntl(sock, F_SETFL, O_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event);
  for (int i = 0; i < 800; i++) {
    if (seen == asked) ask(1 + next(3 << 20));
    int waiting = 0;
    struct pollfd p = {.fd = sock, .events = POLLIN};
    if (poll(&p, 1, 5000) != 1) fail("poll");
    if (recv(sock, buffer, 1 + next(next(2) ? 20000 : 500), MSG_PEEK) < 0) refused++;
    long n = recv(sock, buffer, 1 + next(next(2) ? 200000 : 500), 0);
    if (n < 0) refused++;
    else look(buffer, (size_t)n);
    ioctl(sock, FIONREAD, &waiting);
    if (waiting == 0) continue;
    wrong += poll(&p, 1, 0) != 1;
    wrong += !shows_by_select();
    wrong += epoll_wait(epoll, &event, 1, 0) != 1;
  }
  printf("not shown: %d, refused: %d\n", wrong, refused);
  for (int i = 0, waiting = 0; i < 5000 && (uint64_t)waiting != asked - seen; i++) {
    ioctl(sock, FIONREAD, &waiting);
    if (i == 4999) printf("FIONREAD %d of %lu\n", waiting, asked - seen);
    if (waiting > 1 << 20) break; /* more than a window is behind it */
    usleep(1000);
  }
  fcntl(sock, F_SETFL, 0);
  while (seen < asked) some(by_read, MOST);
}

/* A registration that fires once, armed again with bytes left. */
static void oneshot(void) {
  int epoll = epoll_create1(0), misses = 0, extra = 0;
  struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
  bulk(MANY);
  epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event);
  for (int i = 0; i < 500; i++) {
    if (seen == asked) ask(1 + next(3 << 20));
    if (epoll_wait(epoll, &event, 1, 5000) != 1) misses++;
    some(by_recv, 1 + next(50000));
    extra += epoll_wait(epoll, &event, 1, 0) != 0;
    event.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(epoll, EPOLL_CTL_MOD, sock, &event);
  }
  printf("missed: %d, not disarmed: %d\n", misses, extra);
  while (seen < asked) some(by_read, MOST);
}

/* ---- descriptors ---- */

/* The number names a pipe, of which the shim has not heard. */
static void stale(void) {
  int ends[2], kept, waiting = 0;
  char word[100] = {0};
  bulk(MANY);
  ask(100000);
  some(by_recv, 1000);
  for (int i = 0; i < 5000 && waiting < 50000; i++) {
    usleep(1000);
    ioctl(sock, FIONREAD, &waiting);
  }
  kept = (int)raw(SYS_dup, sock, 0, 0, 0);
  if (pipe(ends) != 0 || write(ends[1], "hello", 5) != 5) fail("pipe");
  raw(SYS_dup2, ends[0], sock, 0, 0);
  say("read from the pipe", read(sock, word, sizeof word));
  printf("%s\n", word);
  raw(SYS_dup2, kept, sock, 0, 0);
  while (seen < asked) some(by_read, MOST);
}

static void copies(void) {
  bulk(MANY);
  for (int i = 0; i < 40; i++) {
    int former = sock;
    if (asked - seen < 2 * MOST) ask(1 << 20);
    sock = dup(sock);
    some(by_read, 1 + next(MOST));
    close(former);
    some(by_read, 1 + next(MOST));
  }
  while (seen < asked) some(by_read, MOST);
}

/* ---- bad memory, ends, times ---- */

static void wait_for_bytes(int count) {
  for (int i = 0, waiting = 0; i < 10000 && waiting < count; i++) {
    usleep(1000);
    ioctl(sock, FIONREAD, &waiting);
  }
}

static void bad(void) {
  long page = 4096;
  void *volatile nowhere = (void *)8;
  uint8_t *half = mmap(NULL, 64 * (size_t)page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(half + 32 * page, 32 * (size_t)page, PROT_READ);
  bulk(MANY);
  ask(500000);
  wait_for_bytes(100000);
  some(by_recv, 100); /* the head is gone */
  say("nowhere", read(sock, nowhere, 100000));
  say("not to be written to", read(sock, half + 32 * page, 10000));
  while (seen < asked) some(by_read, MOST);
}

/* Nothing comes; then something does. */
static void timed(void) {
  struct timeval limit = {0, 200000};
  bulk(MANY);
  setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  say("in vain", read(sock, buffer, MOST));
  say("not waiting", recv(sock, buffer, MOST, MSG_DONTWAIT));
  limit.tv_usec = 0;
  setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  bulk(MANY);
}

static void finished(void) {
  bulk(MANY);
  ask(700000);
  ask(FINISH);
  some(by_recv, 100);
  while (seen < asked) some(by_read, MOST);
  say("the end", read(sock, buffer, MOST));
  wait_for(sock, POLLRDHUP);
  printf("poll %x\n", poll_now(sock, 0));
}

static void reset(void) {
  struct pollfd p = {.fd = sock};
  bulk(MANY);
  ask(300000);
  wait_for_bytes(300000);
  ask(RESET);
  poll(&p, 1, 10000); /* POLLERR, POLLHUP */
  while (seen < asked) some(by_read, MOST);
  say("then", read(sock, buffer, MOST));
  say("and then", read(sock, buffer, MOST));
}

static void shut(void) {
  bulk(MANY);
  ask(300000);
  wait_for_bytes(300000);
  say("shutdown", shutdown(sock, SHUT_RD));
  while (seen < asked) some(by_read, MOST);
  say("then", read(sock, buffer, MOST));
}

/* Closed with bytes unread: the giver meets a RST. */
static void closed(void) {
  bulk(MANY);
  ask(300000);
  wait_for_bytes(300000);
  some(by_recv, 100);
  seen = asked;
}

static void urgent(void) {
  int is_at_mark = 0;
  bulk(MANY);
  ask(100000);
  ask(URGENT);
  ask(100000);
  wait_for_bytes(1);
  for (int i = 0; i < 1000 && !(poll_now(sock, 0) & POLLPRI); i++) usleep(1000);
  char byte = 0;
  say("urgent", recv(sock, &byte, 1, MSG_OOB));
  printf("%c\n", byte);
  while (ioctl(sock, SIOCATMARK, &is_at_mark) == 0 && !is_at_mark) some(by_read, 30000);
  printf("at the mark: %d\n", asked - seen == 100000);
  while (seen < asked) some(by_read, MOST);
  bulk(MANY);
}

/* Silent for long, and with many bytes again. */
static void pauses(void) {
  for (int i = 0; i < 4; i++) {
    bulk(MANY);
    usleep(300000);
    ask(1000);
    wait_for_bytes(1000);
    usleep(100000);
    while (seen < asked) some(by_read, 100);
  }
}

static int end(void) { return printf("seen %d\n", seen == asked) < 0; }

#define WAY(name) {#name, name}
static const struct {
  const char *name;
  void (*read)(void);
} WAYS[] = {WAY(sizes),    WAY(mixed),  WAY(edges),    WAY(levels),   WAY(oneshot), WAY(threads),
            WAY(handler),  WAY(interrupted), WAY(children), WAY(passed), WAY(executed),
            WAY(stale),    WAY(copies), WAY(bad),      WAY(timed),    WAY(finished), WAY(reset),
            WAY(shut),     WAY(closed), WAY(urgent),   WAY(pauses)};

int main(int argc, char **argv) {
  if (argc == 3) return give(atoi(argv[2]));
  if (argc == 5 && strcmp(argv[1], "go_on") == 0) {
    sock = atoi(argv[2]);
    seen = strtoull(argv[3], NULL, 10);
    asked = strtoull(argv[4], NULL, 10);
    while (seen < asked) some(by_read, MOST);
    bulk(MANY);
    return end();
  }
  if (argc != 4) return 2;
  struct sockaddr_in peer = address_of(argv + 2);
  sock = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(sock, (struct sockaddr *)&peer, sizeof peer) != 0) fail("connect");
  for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
    if (strcmp(argv[1], WAYS[i].name) == 0) WAYS[i].read();
  }
  return end();
}
