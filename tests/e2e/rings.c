/*
 * A stream that carries many bytes, in every way that a program has of writing it.
 *
 *     rings take PORT          prints what has arrived
 *     rings HOW ADDRESS PORT   sends
 */
#define _GNU_SOURCE
#include "rings_receiver.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <linux/sockios.h>

static uint64_t main_at, second_at;
static int sock;

/* ---- ways of writing ---- */

static void whole(long (*write_some)(const uint8_t *, size_t), size_t len) {
  fill(buffer, len, main_at, 0);
  for (size_t done = 0; done < len;) {
    long n = write_some(buffer + done, len - done);
    if (n <= 0) fail("write");
    done += (size_t)n;
  }
  main_at += len;
}

static long by_write(const uint8_t *from, size_t len) { return write(sock, from, len); }
static long by_send(const uint8_t *from, size_t len) { return send(sock, from, len, 0); }
static long by_raw(const uint8_t *from, size_t len) {
  return raw(SYS_write, sock, (long)from, (long)len, 0);
}
static long by_more(const uint8_t *from, size_t len) { return send(sock, from, len, MSG_MORE); }

static long by_writev(const uint8_t *from, size_t len) {
  struct iovec iov[IOV_COUNT];
  return writev(sock, iov, cut(iov, from, len));
}

static long by_sendfile(const uint8_t *from, size_t len) {
  int file = memfd_create("file", 0); /* whose pages are sent: not to be written to again */
  if (pwrite(file, from, len, 0) != (long)len) fail("pwrite");
  off_t at = 0;
  long n = sendfile(sock, file, &at, len);
  close(file);
  return n;
}

static long by_splice(const uint8_t *from, size_t len) {
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  long n = write(ends[1], from, len < 4096 ? len : 4096);
  for (long done = 0; done < n;) {
    long moved = splice(ends[0], NULL, sock, NULL, (size_t)(n - done), 0);
    if (moved <= 0) fail("splice");
    done += moved;
  }
  close(ends[0]);
  close(ends[1]);
  return n;
}

static long by_stdio(const uint8_t *from, size_t len) {
  static FILE *stream;
  if (stream == NULL) stream = fdopen(dup(sock), "w");
  long n = (long)fwrite(from, 1, len, stream);
  fflush(stream);
  return n;
}

static void bulk(size_t len) {
  for (size_t done = 0; done < len; done += MOST) whole(by_write, MOST);
}

static void sizes(void) {
  bulk(MANY);
  for (int i = 0; i < 400; i++) whole(by_write, 1 + next(i % 2 ? MOST : 2000));
}

static void mixed(void) {
  static long (*const ways[])(const uint8_t *, size_t) = {
      by_write, by_send, by_raw, by_writev, by_more, by_raw, by_stdio, by_sendfile, by_splice};
  for (int i = 0; i < 3000; i++) {
    uint32_t way = next(i % 500 < 400 ? 6 : 9);
    whole(ways[way], 1 + next(i % 3 ? 40000 : 300));
    if (i % 500 == 0) bulk(1 << 20);
  }
  whole(by_send, 1);
}

/* ---- without waiting ---- */

/* A short count is taken for "full", as edge-triggered programs may. */
static void edges(void) {
  int epoll = epoll_create1(0), misses = 0;
  struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
  fcntl(sock, F_SETFL, O_NONBLOCK);
  epoll_ctl(epoll, EPOLL_CTL_ADD, sock, &event);
  for (uint64_t total = 96 << 20; main_at < total;) {
    size_t len = 1 + next(MOST);
    if (epoll_wait(epoll, &event, 1, 5000) != 1) {
      misses++;
      break;
    }
    long n;
    do {
      fill(buffer, len, main_at, 0);
      n = send(sock, buffer, len, next(2) ? MSG_DONTWAIT : 0);
      if (n < 0 && errno != EAGAIN) fail("send");
      if (n > 0) main_at += (uint64_t)n;
    } while (n == (long)len && main_at < total);
  }
  printf("missed edges: %d\n", misses);
  fcntl(sock, F_SETFL, 0);
}

/* poll() says writable: then something is taken. */
static void levels(void) {
  int refused = 0;
  fcntl(sock, F_SETFL, O_NONBLOCK);
  while (main_at < 64 << 20) {
    struct pollfd p = {.fd = sock, .events = POLLOUT};
    if (poll(&p, 1, 5000) != 1) fail("poll");
    size_t len = 1 + next(MOST);
    fill(buffer, len, main_at, 0);
    long n = write(sock, buffer, len);
    if (n < 0) refused++;
    else main_at += (uint64_t)n;
  }
  printf("refused: %d\n", refused);
  fcntl(sock, F_SETFL, 0);
}

/* ---- several writers ---- */

static void second(size_t len) {
  uint8_t bytes[3000];
  for (size_t done = 0; done < len;) {
    size_t part = len - done < sizeof bytes ? len - done : sizeof bytes;
    fill(bytes, part, second_at, 0x80);
    long n = write(sock, bytes, part);
    if (n <= 0) fail("second");
    second_at += (uint64_t)n;
    done += (size_t)n;
  }
}

static void *second_thread(void *rounds) {
  for (long i = 0; i < (long)rounds; i++) second(1 + (size_t)(i * 7919 % 9000));
  return NULL;
}

static void threads(void) {
  pthread_t thread;
  bulk(MANY);
  if (pthread_create(&thread, NULL, second_thread, (void *)3000) != 0) fail("thread");
  for (int i = 0; i < 100; i++) whole(by_write, 1 + next(MOST));
  pthread_join(thread, NULL);
  bulk(MANY);
}

static void on_alarm(int signal) {
  int saved = errno;
  (void)signal;
  second(5000);
  errno = saved;
}

static void alarms(int flags) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
  struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
  bulk(MANY);
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  for (int i = 0; i < 300; i++) {
    size_t len = 1 + next(MOST);
    fill(buffer, len, main_at, 0);
    for (size_t done = 0; done < len;) {
      long n = write(sock, buffer + done, len - done);
      if (n < 0 && errno == EINTR && flags == 0) continue;
      if (n <= 0) fail("write");
      done += (size_t)n;
    }
    main_at += len;
  }
  setitimer(ITIMER_REAL, &never, NULL);
}

static void handler(void) { alarms(SA_RESTART); }
static void interrupted(void) { alarms(0); }

/* ---- several processes ---- */

static void children(void) {
  for (int i = 0; i < 30; i++) {
    bulk(1 << 20);
    uint32_t len = 1 + next(i % 2 ? 200000 : 500);
    long pid = i % 3 == 2 ? raw(SYS_clone, SIGCHLD, 0, 0, 0) : fork();
    if (pid == 0) {
      whole(i % 2 ? by_write : by_raw, len > MOST ? MOST : len);
      raw(SYS_exit_group, 0, 0, 0, 0);
    }
    waitpid((pid_t)pid, NULL, 0);
    main_at += len;
    whole(by_write, 100 + next(5000));
  }
}

static void other_process(int over) {
  while ((sock = take_passed(over, &main_at)) >= 0) {
    whole(by_write, 1 + next(100000));
    close(sock);
    if (write(over, &main_at, sizeof main_at) < 0) exit(1);
  }
  exit(0);
}

static void passed(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) fail("socketpair");
  int own = sock;
  pid_t pid = fork();
  if (pid == 0) {
    close(sock);
    close(ends[0]);
    other_process(ends[1]);
  }
  close(ends[1]);
  for (int i = 0; i < 30; i++) {
    bulk(1 << 20);
    pass(ends[0], own, &main_at);
    if (read(ends[0], &main_at, sizeof main_at) != sizeof main_at) fail("read");
    whole(by_write, 1 + next(50000));
  }
  close(ends[0]);
  waitpid(pid, NULL, 0);
}

static void executed(void) {
  char fd[16], at[32];
  bulk(MANY);
  sprintf(fd, "%d", sock);
  sprintf(at, "%lu", main_at);
  execl("/proc/self/exe", "rings", "go_on", fd, at, NULL);
  fail("exec");
}

/* ---- descriptors ---- */

/* The number names a pipe, of which the shim has not heard. */
static void stale(void) {
  int ends[2], kept;
  char word[6] = {0};
  bulk(MANY);
  kept = (int)raw(SYS_dup, sock, 0, 0, 0);
  if (pipe(ends) != 0) fail("pipe");
  raw(SYS_dup2, ends[1], sock, 0, 0);
  say("write into the pipe", write(sock, "hello", 5));
  say("read from it", read(ends[0], word, 5));
  printf("%s\n", word);
  raw(SYS_dup2, kept, sock, 0, 0);
  bulk(MANY);
}

static void copies(void) {
  bulk(MANY);
  for (int i = 0; i < 20; i++) {
    int former = sock;
    sock = dup(sock);
    whole(by_write, 1 + next(MOST));
    close(former);
    whole(by_write, 1 + next(MOST));
  }
}

/* ---- bad memory, ends, times ---- */

static void bad(void) {
  void *volatile nowhere = (void *)8;
  bulk(MANY);
  long page = 4096;
  uint8_t *half = mmap(NULL, 64 * (size_t)page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(half + 32 * page, 32 * (size_t)page, PROT_NONE);
  say("nowhere", write(sock, nowhere, 100000));
  say("nowhere, little", write(sock, nowhere, 10));
  say("beyond its end", write(sock, half + 32 * page, 1000));
  bulk(1 << 20);
}

static void shut(void) {
  bulk(MANY);
  signal(SIGPIPE, SIG_IGN);
  say("shutdown", shutdown(sock, SHUT_WR));
  say("write", write(sock, buffer, 100000));
  say("read", read(sock, buffer, 1));
}

/* Nobody reads for a while. */
static void timed(void) {
  struct timeval limit = {0, 300000};
  struct pollfd p = {.fd = sock, .events = POLLOUT};
  int queued = 0;
  long n;
  bulk(MANY);
  setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  kill(receiver_pid(), SIGSTOP);
  for (int i = 0; i < 1000; i++) {
    fill(buffer, MOST, main_at, 0);
    n = write(sock, buffer, MOST);
    if (n <= 0) break;
    main_at += (uint64_t)n;
  }
  say("in the end", n);
  ioctl(sock, SIOCOUTQ, &queued);
  printf("more than a MiB is queued: %d\n", queued > 1 << 20);
  say("writable", poll(&p, 1, 0));
  kill(receiver_pid(), SIGCONT);
  say("writable later", poll(&p, 1, 30000));
  setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){0}, sizeof limit);
  bulk(MANY);
}

static int end(void) {
  return printf("sent main %lu second %lu\n", main_at, second_at) < 0;
}

static void killed(void) {
  bulk(MANY);
  end();
  fflush(stdout);
  kill(getpid(), SIGKILL);
}

#define WAY(name) {#name, name}
static const struct {
  const char *name;
  void (*send)(void);
} WAYS[] = {WAY(sizes),    WAY(mixed),  WAY(edges),  WAY(levels),      WAY(threads),
            WAY(handler),  WAY(bad),    WAY(shut),   WAY(interrupted), WAY(children),
            WAY(executed), WAY(passed), WAY(stale),  WAY(copies),      WAY(timed),
            WAY(killed)};

int main(int argc, char **argv) {
  snprintf(pid_file, sizeof pid_file, "%s.pid", argv[0]);
  if (argc == 3) return take(atoi(argv[2]));
  if (argc == 4 && strcmp(argv[1], "go_on") == 0) {
    sock = atoi(argv[2]);
    main_at = strtoull(argv[3], NULL, 10);
    bulk(MANY);
    return end();
  }
  if (argc != 4) return 2;
  struct sockaddr_in peer = address_of(argv + 2);
  sock = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(sock, (struct sockaddr *)&peer, sizeof peer) != 0) fail("connect");
  for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
    if (strcmp(argv[1], WAYS[i].name) == 0) WAYS[i].send();
  }
  return end();
}
