/* linkem: a link between two interfaces with delay, rate, queue, loss and duplication, seeded.
 *
 *   linkem IF_A IF_B SECS key=value...
 *     delay=US     one way, microseconds          (0)
 *     rate=BPS     bits per second, 0: unlimited  (0)
 *     queue=BYTES  drop-tail queue before the rate (1048576)
 *     loss=PPM     independent loss, per million  (0)
 *     dup=PPM      duplication, per million       (0)
 *     seed=N       (1)
 *
 * Frames are taken whole from AF_PACKET on one side and sent on the other, both ways alike. The
 * tests switch offloads off on the veth ends, so that a frame is one packet on the wire. All this
 * happens somewhere beyond the neighbour: ARP and what IPv6 says to neighbours pass at once (three
 * questions of a second each would find nobody on a path of seconds).
 * Prints READY, then one JSON line of counts at the end (SECS later, or on SIGTERM).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 65536, FRAME = 2048 };

struct frame {
  uint64_t due_ns;
  uint32_t len;
  unsigned char data[FRAME];
};

/* One direction: a FIFO of frames in order of their due time. It has random numbers of its own, so
 * that its n-th packet has the same fate whoever sends it, however often the other end answers.
 */
struct way {
  int in, out;
  uint64_t rng;
  struct frame *ring;
  unsigned head, tail;
  uint64_t line_free_ns;
  unsigned long long passed, lost, dropped, duplicated;
};

static uint64_t delay_ns, rate_bps, queue_bytes = 1 << 20, loss_ppm, dup_ppm, seed = 1;
static volatile sig_atomic_t is_over;

static void stop(int sig) {
  (void)sig;
  is_over = 1;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* xorshift64 */
static uint64_t next_random(struct way *w) {
  w->rng ^= w->rng << 13;
  w->rng ^= w->rng >> 7;
  w->rng ^= w->rng << 17;
  return w->rng;
}

static int chance(struct way *w, uint64_t ppm) {
  return next_random(w) % 1000000 < ppm;
}

static int open_end(const char *name) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
  a.sll_ifindex = (int)if_nametoindex(name);
  int one = 1, size = 64 << 20;
  struct packet_mreq promisc = {.mr_ifindex = a.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
  if (fd < 0 || a.sll_ifindex == 0) die(name);
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof promisc);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  if (bind(fd, (struct sockaddr *)&a, sizeof a)) die("bind");
  return fd;
}

static void enqueue(struct way *w, const unsigned char *data, uint32_t len, uint64_t now) {
  uint64_t start = w->line_free_ns > now ? w->line_free_ns : now;
  if (rate_bps) {
    uint64_t backlog_bytes = (start - now) * rate_bps / 8 / 1000000000u;
    if (backlog_bytes + len > queue_bytes) {
      w->dropped++;
      return;
    }
    start += (uint64_t)len * 8 * 1000000000u / rate_bps;
    w->line_free_ns = start;
  }
  if (w->tail - w->head == SLOTS) {
    w->dropped++;
    return;
  }
  struct frame *f = &w->ring[w->tail++ % SLOTS];
  f->due_ns = start + delay_ns;
  f->len = len;
  memcpy(f->data, data, len);
}

/* IPv4, or IPv6 that is neither ICMPv6 nor has hop-by-hop options, as reports of groups have. */
static int is_lossy(const unsigned char *frame, ssize_t len) {
  if (len > 20 && frame[12] == 0x86 && frame[13] == 0xdd) return frame[20] != 58 && frame[20] != 0;
  return len > 14 && frame[12] == 0x08 && frame[13] == 0x00;
}

static void take_in(struct way *w) {
  unsigned char data[65536];
  for (int i = 0; i < 256; i++) {
    ssize_t n = recv(w->in, data, sizeof data, MSG_TRUNC);
    if (n <= 0) return;
    if (n > FRAME) {
      w->dropped++;
      continue;
    }
    if (!is_lossy(data, n)) {
      if (send(w->out, data, (size_t)n, 0) == n) w->passed++;
      continue;
    }
    uint64_t now = now_ns();
    if (chance(w, loss_ppm)) {
      w->lost++;
      continue;
    }
    enqueue(w, data, (uint32_t)n, now);
    if (chance(w, dup_ppm)) {
      w->duplicated++;
      enqueue(w, data, (uint32_t)n, now);
    }
  }
}

static void let_out(struct way *w, uint64_t now) {
  while (w->head != w->tail) {
    struct frame *f = &w->ring[w->head % SLOTS];
    if (f->due_ns > now) return;
    if (send(w->out, f->data, f->len, 0) < 0 && (errno == EAGAIN || errno == ENOBUFS)) return;
    w->passed++;
    w->head++;
  }
}

static uint64_t next_due(const struct way *w) {
  return w->head == w->tail ? UINT64_MAX : w->ring[w->head % SLOTS].due_ns;
}

static void setting(const char *arg) {
  const char *eq = strchr(arg, '=');
  uint64_t v = eq ? strtoull(eq + 1, NULL, 10) : 0;
  if (!strncmp(arg, "delay=", 6)) delay_ns = v * 1000;
  else if (!strncmp(arg, "rate=", 5)) rate_bps = v;
  else if (!strncmp(arg, "queue=", 6)) queue_bytes = v;
  else if (!strncmp(arg, "loss=", 5)) loss_ppm = v;
  else if (!strncmp(arg, "dup=", 4)) dup_ppm = v;
  else if (!strncmp(arg, "seed=", 5)) seed = v;
  else {
    fprintf(stderr, "linkem: unknown setting %s\n", arg);
    exit(2);
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  for (int i = 4; i < argc; i++) setting(argv[i]);
  /* SIGTERM arrives in ppoll only: before it, the loop would sleep on what is no event */
  sigset_t blocked, normal;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigprocmask(SIG_BLOCK, &blocked, &normal);
  signal(SIGTERM, stop);
  int a = open_end(argv[1]), b = open_end(argv[2]);
  struct way ways[2] = {{.in = a, .out = b}, {.in = b, .out = a}};
  for (int i = 0; i < 2; i++) {
    if (!(ways[i].ring = malloc(sizeof(struct frame) * SLOTS))) die("malloc");
    ways[i].rng = (2 * seed + (unsigned)i + 1) * 0x9e3779b97f4a7c15u;
    for (int j = 0; j < 16; j++) next_random(&ways[i]); /* neighbouring seeds part company */
  }
  uint64_t end = now_ns() + strtoull(argv[3], NULL, 10) * 1000000000u;
  printf("READY\n");
  fflush(stdout);
  while (!is_over) {
    uint64_t now = now_ns();
    if (now >= end) break;
    for (int i = 0; i < 2; i++) take_in(&ways[i]);
    now = now_ns();
    uint64_t due = end;
    for (int i = 0; i < 2; i++) {
      let_out(&ways[i], now);
      uint64_t d = next_due(&ways[i]);
      if (d < due) due = d;
    }
    now = now_ns();
    uint64_t wait = due > now ? due - now : 0;
    struct timespec ts = {0};
    ts.tv_sec = (time_t)(wait / 1000000000u);
    ts.tv_nsec = (long)(wait % 1000000000u);
    struct pollfd p[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    ppoll(p, 2, &ts, &normal);
  }
  for (int i = 0; i < 2; i++)
    printf("%s{\"passed\":%llu,\"lost\":%llu,\"dropped\":%llu,\"duplicated\":%llu}%s",
           i ? "," : "[", ways[i].passed, ways[i].lost, ways[i].dropped, ways[i].duplicated,
           i ? "]\n" : "");
  return 0;
}
