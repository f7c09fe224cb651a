/* Names: carries the questions of glibc's resolver, which the shim cannot catch, out of the
 * program's network namespace to the host's name servers, and the answers back. Over UDP and TCP,
 * byte for byte, from the host's own network, in a thread of its own that may do nothing else.
 *
 *   program ── 53 of the name server's address on lo, inside ── here ── the name server, outside
 *
 * A way is one question over UDP, by a socket of its own (so with a port that nobody can guess), or
 * one connection. There is a fixed number of ways: a new one takes the place of the oldest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

#define SERVERS_MAX 3
#define WAYS 64
#define MESSAGE_MAX 65536

int nuse_confine_names(void);

struct way {
  int inside;  /* TCP: the program's connection; -1: UDP */
  int outside; /* the socket to the name server; -1: the way is free */
  bool is_open; /* TCP: connected */
  int door;     /* UDP: the socket that the question came to */
  struct sockaddr_storage asker;
  socklen_t asker_len;
};

static struct sockaddr_in6 servers[SERVERS_MAX];
static int doors[2 * SERVERS_MAX];
static struct way ways[WAYS];
static unsigned next_way;
static uint8_t message[MESSAGE_MAX];

static void way_end(struct way *w) {
  if (w->outside >= 0) close(w->outside);
  if (w->inside >= 0) close(w->inside);
  w->outside = w->inside = -1;
}

/* A way to the server of this door; NULL: there is none. */
static struct way *way_begin(int door, int type) {
  const struct sockaddr_in6 *server = &servers[door / 2];
  socklen_t len = server->sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof *server;
  struct way *w = &ways[next_way++ % WAYS];
  way_end(w);
  w->outside = socket(server->sin6_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (w->outside < 0) return NULL;
  int r = connect(w->outside, (const struct sockaddr *)server, len);
  w->is_open = r == 0;
  if (r == 0 || errno == EINPROGRESS) return w;
  way_end(w);
  return NULL;
}

static void question(int door) {
  struct sockaddr_storage asker;
  socklen_t len = sizeof asker;
  ssize_t n = recvfrom(doors[door], message, sizeof message, 0, (struct sockaddr *)&asker, &len);
  struct way *w = n <= 0 ? NULL : way_begin(door, SOCK_DGRAM);
  if (w == NULL) return; /* the resolver asks again */
  w->door = doors[door];
  w->asker = asker;
  w->asker_len = len;
  if (send(w->outside, message, (size_t)n, MSG_NOSIGNAL) < 0) way_end(w);
}

static void answer(struct way *w) {
  ssize_t n = recv(w->outside, message, sizeof message, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n > 0) sendto(w->door, message, (size_t)n, 0, (struct sockaddr *)&w->asker, w->asker_len);
  way_end(w);
}

static void connection(int door) {
  int inside = accept4(doors[door], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  struct way *w = inside < 0 ? NULL : way_begin(door, SOCK_STREAM);
  if (w != NULL) w->inside = inside;
  else if (inside >= 0) close(inside);
}

/* False: the way is over. The buffers of a socket hold any DNS message: who does not read is let
 * go. */
static bool carry(int from, int to) {
  ssize_t n = recv(from, message, sizeof message, 0);
  if (n < 0) return errno == EAGAIN;
  return n > 0 && send(to, message, (size_t)n, MSG_NOSIGNAL) == n;
}

static void serve_connection(struct way *w, short inside, short outside) {
  bool goes_on = true;
  if (outside & POLLOUT) w->is_open = true;
  else if (outside != 0) goes_on = carry(w->outside, w->inside);
  if (goes_on && inside != 0) goes_on = carry(w->inside, w->outside);
  if (!goes_on) way_end(w);
}

static void serve(struct pollfd *polled) {
  for (int i = 0; i < WAYS; i++) {
    struct way *w = &ways[i];
    short outside = polled[2 * i].revents, inside = polled[2 * i + 1].revents;
    if (w->outside < 0 || (outside | inside) == 0) continue;
    if (w->inside < 0) answer(w);
    else serve_connection(w, inside, outside);
  }
  for (int door = 0; door < 2 * SERVERS_MAX; door++) {
    if (polled[2 * WAYS + door].revents == 0) continue;
    if (door % 2 == 0) question(door);
    else connection(door);
  }
}

static void *names_thread(void *unused) {
  struct pollfd polled[2 * WAYS + 2 * SERVERS_MAX];
  (void)unused;
  prctl(PR_SET_NAME, "names", 0, 0, 0);
  nuse_confine_names();
  for (;;) {
    for (int i = 0; i < WAYS; i++) {
      const struct way *w = &ways[i];
      bool is_waiting = w->inside >= 0 && !w->is_open;
      polled[2 * i] = (struct pollfd){w->outside, is_waiting ? POLLOUT : POLLIN, 0};
      polled[2 * i + 1] = (struct pollfd){is_waiting ? -1 : w->inside, POLLIN, 0};
    }
    for (int door = 0; door < 2 * SERVERS_MAX; door++) {
      polled[2 * WAYS + door] = (struct pollfd){doors[door], POLLIN, 0};
    }
    if (poll(polled, sizeof polled / sizeof *polled, -1) > 0) serve(polled);
  }
  return NULL;
}

/* Starts the thread, for these servers (as for nuse_make_network) and the sockets opened for them.
 * Once. Returns 0 or -errno. */
API int nuse_serve_names(const void *addresses, int count, const int32_t *sockets) {
  pthread_t thread;
  sigset_t all, before;
  for (int i = 0; i < WAYS; i++) ways[i].inside = ways[i].outside = -1;
  memcpy(servers, addresses, (size_t)(count > SERVERS_MAX ? SERVERS_MAX : count) * sizeof *servers);
  memcpy(doors, sockets, sizeof doors);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
  int error = pthread_create(&thread, NULL, names_thread, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) pthread_detach(thread);
  return -error;
}
