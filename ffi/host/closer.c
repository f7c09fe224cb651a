/* Closes descriptors that others have passed to us on threads of its own: the last close of a TCP
 * socket with SO_LINGER may take as long as its owner likes, and the loop serves everybody.
 *
 * A thread starts with a descriptor for which no other is free, up to MAX_THREADS. Threads inherit
 * what the loop's may still do (confine.c): locking and closing is all they need, no descriptor.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "closer.h"

#define API __attribute__((visibility("default")))

#define MAX_THREADS 16
#define STACK_LEN (256 << 10)

struct item {
  struct item *next;
  int fd;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
/* Under `lock`: */
static struct item *first, **last = &first;
static int waiting, free_threads, threads;

static void *run(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (first == NULL) pthread_cond_wait(&filled, &lock);
    struct item *item = first;
    first = item->next;
    if (first == NULL) last = &first;
    waiting--;
    free_threads--;
    pthread_mutex_unlock(&lock);
    close(item->fd);
    free(item);
    pthread_mutex_lock(&lock);
    free_threads++;
  }
  return NULL;
}

static int start(void) {
  pthread_attr_t attr;
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, STACK_LEN);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  int error = pthread_create(&thread, &attr, run, NULL);
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* Returns 0. Without a thread it closes here. */
API int nuse_close_later(int fd) {
  static const struct linger at_once = {.l_onoff = 0};
  struct item *item = malloc(sizeof *item);
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); /* no socket: refused */
  pthread_mutex_lock(&lock);
  if (waiting == free_threads && threads < MAX_THREADS && start() == 0) {
    threads++;
    free_threads++;
  }
  int is_taken = item != NULL && threads > 0;
  if (is_taken) {
    *item = (struct item){.fd = fd};
    *last = item;
    last = &item->next;
    waiting++;
    pthread_cond_signal(&filled);
  }
  pthread_mutex_unlock(&lock);
  if (!is_taken) {
    free(item);
    close(fd);
  }
  return 0;
}

/* Whether something unread lies in our end of a unix socket, which may hold descriptors. A stream
 * has no message of no bytes. */
static int holds_message(int fd, int is_stream) {
  int unread = 0, on = 1;
  if (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0) return 1;
  if (is_stream) return 0;
  /* A message of no bytes is told from the end by its credentials, for which there is no room. */
  struct msghdr msg = {0};
  setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  return recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT) == 0 && (msg.msg_flags & MSG_CTRUNC) != 0;
}

/* Closes our end of a unix socket that others write to. Returns 0. */
API int nuse_close_end(int fd, int is_stream) {
  if (holds_message(fd, is_stream)) nuse_close_later(fd);
  else close(fd);
  return 0;
}
