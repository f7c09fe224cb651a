/* accept(): a connection comes with its peer's address and its data. */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

static int listener(int domain) {
  int fd = socket(domain, SOCK_STREAM, 0);
  FAILS(EINVAL, accept(fd, NULL, NULL));
  CHECK(listen(fd, 5) == 0);
  return fd;
}

CASE(accept_basic) {
  int fd = listener(AF_INET);
  struct sockaddr_in peer;
  socklen_t len = sizeof peer;
  char buf[5];
  int who = requests(fd, NUSE_OP_WHO);
  fake_set(fd, FAKE_INCOMING, 2);
  CHECK(wait_for(fd, POLLIN, 0) == POLLIN);
  int one = accept(fd, (struct sockaddr *)&peer, &len);
  CHECK(one >= 0 && len == sizeof peer && peer.sin_family == AF_INET);
  CHECK(peer.sin_port == htons(4321) && peer.sin_addr.s_addr == htonl(0xc6120001));
  CHECK(recv(one, buf, 5, MSG_WAITALL) == 5 && memcmp(buf, "hello", 5) == 0);
  echo_works(one);
  CHECK((fcntl(one, F_GETFL) & O_NONBLOCK) == 0 && (fcntl(one, F_GETFD) & FD_CLOEXEC) == 0);
  int two = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  CHECK((fcntl(two, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(two, F_GETFD) & FD_CLOEXEC) != 0);
  len = sizeof peer;
  CHECK(getpeername(two, (struct sockaddr *)&peer, &len) == 0 && len == sizeof peer);
  CHECK(requests(fd, NUSE_OP_WHO) == who);
}

CASE(accept_names) {
  int fd = listener(AF_INET6);
  struct sockaddr_in6 peer;
  memset(&peer, 0xee, sizeof peer);
  socklen_t len = 4;
  fake_set(fd, FAKE_INCOMING, 3);
  CHECK(accept(fd, (struct sockaddr *)&peer, &len) >= 0);
  CHECK(len == sizeof peer && peer.sin6_flowinfo == 0xeeeeeeee);
  len = sizeof peer;
  CHECK(accept(fd, (struct sockaddr *)&peer, &len) >= 0);
  CHECK(peer.sin6_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
  FAILS(EFAULT, accept(fd, (struct sockaddr *)&peer, NULL));
  FAILS(EINVAL, accept4(fd, NULL, NULL, 0x40000));
}

CASE(accept_blocking_rules) {
  struct timeval timeout = {0, 30000};
  int fd = listener(AF_INET);
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
  FAILS(EAGAIN, accept(fd, NULL, NULL));
  CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
  FAILS(EAGAIN, accept(fd, NULL, NULL));
  FAILS(ENOTCONN, read(fd, &(char){0}, 1));
  FAILS(EINVAL, ioctl(fd, FIONREAD, &(int){0}));
  CHECK(shutdown(fd, SHUT_RDWR) == 0);
  FAILS(EINVAL, accept(fd, NULL, NULL));
}

static atomic_int accepted_count;

static void *accept_one(void *argument) {
  long fd = accept(*(int *)argument, NULL, NULL);
  if (fd >= 0) atomic_fetch_add(&accepted_count, 1);
  return (void *)(fd < 0 ? -(long)errno : fd);
}

CASE(accept_threads) {
  pthread_t threads[4];
  int fd = listener(AF_INET);
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, accept_one, &fd) == 0);
  fake_set(fd, FAKE_INCOMING, 3);
  UNTIL(atomic_load(&accepted_count) == 3);
  CHECK(shutdown(fd, SHUT_RDWR) == 0);
  int accepted = 0, stopped = 0;
  for (int i = 0; i < 4; i++) {
    void *result;
    CHECK(pthread_join(threads[i], &result) == 0);
    if ((long)result == -EINVAL) {
      stopped++;
    } else {
      CHECK((long)result > 0);
      accepted++;
      char buf[5];
      CHECK(recv((int)(long)result, buf, 5, MSG_WAITALL) == 5);
    }
  }
  CHECK(accepted == 3 && stopped == 1);
}

CASE(accept_keeps_connection_on_emfile) {
  struct rlimit limit;
  int fd = listener(AF_INET);
  fake_set(fd, FAKE_INCOMING, 2);
  CHECK(close(accept(fd, NULL, NULL)) == 0);
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlim_t soft = limit.rlim_cur;
  limit.rlim_cur = (rlim_t)fd + 1;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  FAILS(EMFILE, accept(fd, NULL, NULL));
  FAILS(EMFILE, socket(AF_INET, SOCK_STREAM, 0));
  limit.rlim_cur = soft;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(accept(fd, NULL, NULL) >= 0);
}

/* What came with the connection is not asked for, until the connection is over. */
CASE(accept_names_without_asking) {
  int server = listener(AF_INET);
  struct sockaddr_in name = {0};
  socklen_t len = sizeof name;
  fake_set(server, FAKE_INCOMING, 1);
  int fd = accept(server, NULL, NULL), asked = requests(server, NUSE_OP_NAME);
  CHECK(fd >= 0 && getsockname(fd, (struct sockaddr *)&name, &len) == 0 && len == sizeof name);
  CHECK(name.sin_family == AF_INET && name.sin_addr.s_addr == htonl(0xc6120002));
  CHECK(name.sin_port == htons(80));
  CHECK(getpeername(fd, (struct sockaddr *)&name, &len) == 0);
  CHECK(name.sin_addr.s_addr == htonl(0xc6120001) && name.sin_port == htons(4321));
  int copy = dup(fd);
  CHECK(getsockname(copy, (struct sockaddr *)&name, &len) == 0 && name.sin_port == htons(80));
  FAILS(EFAULT, getsockname(fd, NULL, &len));
  CHECK(requests(fd, NUSE_OP_NAME) == asked);
  close(copy);
  fake_set(fd, FAKE_HANG_UP, 1);
  getpeername(fd, (struct sockaddr *)&name, &len);
  CHECK(requests(server, NUSE_OP_NAME) == asked + 1);
}
