/* Threads, and signals. */
#include "differ.h"

#include <pthread.h>

static int shared[2];
static pthread_t waiting;
static long waited;

static void *reader(void *unused) {
  (void)unused;
  waited = recv(shared[1], &(char){0}, 1, 0);
  return NULL;
}

static void *accepter(void *unused) {
  (void)unused;
  waited = accept(shared[0], NULL, NULL) < 0 ? -errno : 0;
  return NULL;
}

/* A thread that waits in `call`, and what has become of it. */
static void begin_waiting(void *(*call)(void *)) {
  pthread_create(&waiting, NULL, call, NULL);
  usleep(20000);
}
static void show_waited(void) {
  pthread_join(waiting, NULL);
  printf("waited: %ld\n", waited);
}

CASE(threads, one_reads_while_one_writes) {
  pair_of(shared);
  begin_waiting(reader);
  SHOW(send(shared[0], "x", 1, 0));
  show_waited();
}

CASE(threads, shutdown_wakes_the_reader) {
  pair_of(shared);
  begin_waiting(reader);
  SHOW(shutdown(shared[1], SHUT_RD));
  show_waited();
}

CASE(threads, shutdown_wakes_accept) {
  shared[0] = listening();
  begin_waiting(accepter);
  SHOW(shutdown(shared[0], SHUT_RD));
  show_waited();
}

CASE(threads, shutdown_wakes_a_udp_reader) {
  udp_pair(shared);
  begin_waiting(reader);
  SHOW(shutdown(shared[1], SHUT_RD));
  show_waited();
}

static void *talker(void *arg) {
  int listener = *(int *)arg;
  for (int i = 0; i < 20; i++) {
    char c = 0;
    int fd = connected(listener);
    if (send(fd, "q", 1, 0) != 1 || recv(fd, &c, 1, 0) != 1 || c != 'a') return arg;
    close(fd);
  }
  return NULL;
}

CASE(threads, eight_clients) {
  pthread_t threads[8];
  int listener = listening(), bad = 0;
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, talker, &listener);
  for (int i = 0; i < 160; i++) {
    char c;
    int fd = accept(listener, NULL, NULL);
    if (recv(fd, &c, 1, 0) == 1) send(fd, "a", 1, 0);
    close(fd);
  }
  for (int i = 0; i < 8; i++) {
    void *result;
    pthread_join(threads[i], &result);
    bad += result != NULL;
  }
  SHOW(bad);
}

static volatile int signals;
static void note(int number) {
  (void)number;
  signals++;
}

/* A signal in `ms`, and `count` in all. The limit of the case has SIGALRM for itself. */
static void signal_in(int flags, int ms, int count) {
  struct sigaction action = {.sa_handler = note, .sa_flags = flags};
  sigaction(SIGUSR1, &action, NULL);
  pid_t target = getpid();
  if (fork() != 0) return;
  for (int i = 0; i < count; i++) {
    usleep((useconds_t)ms * 1000);
    kill(target, SIGUSR1);
  }
  _exit(0);
}

CASE(signals, recv_is_interrupted) {
  int fds[2];
  pair_of(fds);
  signal_in(0, 30, 1);
  SHOW(recv(fds[0], &(char){0}, 1, 0));
  SHOW(signals);
}

CASE(signals, recv_goes_on) {
  int fds[2];
  pair_of(fds);
  if (fork() == 0) {
    usleep(90000);
    send(fds[1], "x", 1, 0);
    _exit(0);
  }
  signal_in(SA_RESTART, 30, 1);
  SHOW(recv(fds[0], &(char){0}, 1, 0));
  SHOW(signals);
  wait(NULL);
}

CASE(signals, recvfrom_is_interrupted) {
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  int fds[2];
  udp_pair(fds);
  signal_in(0, 30, 1);
  SHOW(recvfrom(fds[0], &(char){0}, 1, 0, (struct sockaddr *)&name, &len));
  SHOW(signals);
}

CASE(signals, timed_recv_is_interrupted_all_the_same) {
  int fds[2];
  pair_of(fds);
  set_timeout(fds[0], SO_RCVTIMEO, 3000);
  signal_in(SA_RESTART, 30, 1);
  SHOW(recv(fds[0], &(char){0}, 1, 0));
}

CASE(signals, accept_is_interrupted) {
  int listener = listening();
  signal_in(0, 30, 1);
  SHOW(accept(listener, NULL, NULL));
  connected(listener);
  SHOW(accept(listener, NULL, NULL) >= 0);
}

CASE(signals, accept_goes_on) {
  int listener = listening();
  if (fork() == 0) {
    usleep(90000);
    connected(listener);
    usleep(100000);
    _exit(0);
  }
  signal_in(SA_RESTART, 30, 1);
  SHOW(accept(listener, NULL, NULL) >= 0);
  SHOW(signals);
  wait(NULL);
}

CASE(signals, connect_is_interrupted) {
  int fd = tcp();
  signal_in(0, 50, 1);
  SHOW(dial(fd, NOBODY, 9));
  SHOW(dial(nonblocking(fd), NOBODY, 9));
}

CASE(signals, send_is_interrupted) {
  static char block[1 << 22];
  int fds[2];
  pair_of(fds);
  signal_in(0, 200, 20);
  long n = 1;
  for (int i = 0; i < 50 && n > 0; i++) n = send(fds[0], block, sizeof block, 0);
  SHOW(n);
}

CASE(signals, pipe) {
  int fds[2];
  struct sigaction action = {.sa_handler = note};
  sigaction(SIGPIPE, &action, NULL);
  pair_of(fds);
  shutdown(fds[0], SHUT_WR);
  SHOW(send(fds[0], "x", 1, 0));
  SHOW(signals);
  SHOW(write(fds[0], "x", 1));
  SHOW(signals);
  SHOW(send(fds[0], "x", 1, MSG_NOSIGNAL));
  SHOW(signals);
  SHOW(send(tcp(), "x", 1, 0));
  SHOW(signals);
  int pair[2];
  udp_pair(pair);
  shutdown(pair[0], SHUT_WR);
  SHOW(send(pair[0], "x", 1, 0));
  SHOW(signals);
}

CASE(signals, pipe_kills) {
  int fds[2];
  signal(SIGPIPE, SIG_DFL);
  pair_of(fds);
  shutdown(fds[0], SHUT_WR);
  write(fds[0], "x", 1);
  puts("alive");
}

CASE(signals, owner) {
  int fds[2];
  struct sigaction action = {.sa_handler = note};
  sigaction(SIGIO, &action, NULL);
  pair_of(fds);
  SHOW(fcntl(fds[0], F_SETOWN, getpid()));
  SHOW(fcntl(fds[0], F_GETOWN) == getpid());
  SHOW(fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK));
  send(fds[1], "x", 1, 0);
  for (int i = 0; i < 1000 && signals == 0; i++) usleep(1000);
  SHOW(signals > 0);
  SHOW(fcntl(fds[0], F_GETFL) == (O_RDWR | O_ASYNC | O_NONBLOCK));
}

CASE(signals, owner_of_datagrams) {
  int fds[2], owner = getpid(), on = 1;
  struct sigaction action = {.sa_handler = note};
  sigaction(SIGIO, &action, NULL);
  udp_pair(fds);
  SHOW(ioctl(fds[0], FIOSETOWN, &owner));
  SHOW(ioctl(fds[0], FIOASYNC, &on));
  send(fds[1], "x", 1, 0);
  for (int i = 0; i < 1000 && signals == 0; i++) usleep(1000);
  SHOW(signals > 0);
}

CASE(signals, urgent) {
  int fds[2];
  struct sigaction action = {.sa_handler = note};
  sigaction(SIGURG, &action, NULL);
  pair_of(fds);
  fcntl(fds[0], F_SETOWN, getpid());
  SHOW(send(fds[1], "!", 1, MSG_OOB));
  for (int i = 0; i < 1000 && signals == 0; i++) usleep(1000);
  SHOW(signals);
  show_poll(fds[0], POLLPRI);
  SHOW(recv(fds[0], &(char){0}, 1, MSG_OOB));
}
