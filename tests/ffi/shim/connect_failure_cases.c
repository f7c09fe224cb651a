/* connect that fails, again after it has failed, and with the first bytes (MSG_FASTOPEN). */
#include "check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

CASE(connect_fails_at_once) {
  int fd = tcp(0);
  FAILS(ECONNREFUSED, connect(fd, at(PORT_REFUSE), AT_LEN));
  FAILS(ENETUNREACH, connect(fd, at(PORT_UNREACHABLE), AT_LEN));
  CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
  echo_works(fd);
}

CASE(connect_fails_later_and_again) {
  int fd = tcp(0);
  for (int i = 0; i < 3; i++) FAILS(ECONNREFUSED, connect(fd, at(PORT_REFUSE_LATER), AT_LEN));
  CHECK(so_error(fd) == 0);
  CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
  echo_works(fd);
}

CASE(connect_nonblocking_refused) {
  int fd = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(fd, at(PORT_REFUSE_LATER), AT_LEN));
  const int ended = POLLIN | POLLOUT | POLLRDHUP | POLLHUP;
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) & POLLOUT);
  CHECK(wait_for(fd, ended, 0) == (ended | POLLERR));
  CHECK(so_error(fd) == ECONNREFUSED);
  CHECK(wait_for(fd, ended, 0) == ended);
  CHECK(so_error(fd) == 0);
  CHECK(read(fd, &(char){0}, 1) == 0);
  FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
  FAILS(ECONNABORTED, connect(fd, at(PORT_REFUSE_LATER), AT_LEN));
  FAILS(EINPROGRESS, connect(fd, at(PORT_REFUSE_LATER), AT_LEN));
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) & POLLOUT);
  FAILS(ECONNREFUSED, connect(fd, at(PORT_REFUSE_LATER), AT_LEN));
  CHECK(wait_for(fd, ended, 0) == (POLLOUT | POLLHUP));
  FAILS(EINPROGRESS, connect(fd, at(PORT_REFUSE_LATER), AT_LEN));
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) & POLLOUT);
  FAILS(ECONNREFUSED, read(fd, &(char){0}, 1));
  CHECK(read(fd, &(char){0}, 1) == 0);
}

static void refuse(int fd) {
  FAILS(EINPROGRESS, connect(fd, at(PORT_REFUSE_LATER), AT_LEN));
  CHECK(wait_for(fd, POLLOUT, LIMIT_MS) & POLLHUP);
  FAILS(ECONNREFUSED, connect(fd, at(PORT_ECHO), AT_LEN));
}

CASE(connect_again_keeps_what_the_descriptor_had) {
  struct timeval timeout = {3, 0}, found = {0};
  socklen_t len = sizeof found;
  int fd = tcp(SOCK_NONBLOCK);
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
  CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
  int copy = dup(fd);
  refuse(fd);
  CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(copy, F_GETFD) == 0);
  CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &found, &len) == 0 && found.tv_sec == 3);
  FAILS(EINPROGRESS, connect(copy, at(PORT_ECHO), AT_LEN));
  CHECK(wait_for(copy, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(fcntl(fd, F_SETFL, 0) == 0);
  echo_works(fd);
  echo_works(copy);
}

CASE(connect_again_stays_registered_with_epoll) {
  struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data = {.u64 = 0x123456789abcdef0}};
  struct epoll_event other = {.events = EPOLLIN, .data = {.u64 = 7}};
  int level = epoll_create1(0), edge = epoll_create1(0);
  int fd = tcp(SOCK_NONBLOCK);
  CHECK(epoll_ctl(edge, EPOLL_CTL_ADD, fd, &event) == 0);
  CHECK(epoll_ctl(level, EPOLL_CTL_ADD, fd, &other) == 0);
  CHECK(epoll_ctl(level, EPOLL_CTL_ADD, dup(fd), &other) == 0);
  refuse(fd);
  FAILS(EINPROGRESS, connect(fd, at(PORT_HELD), AT_LEN));
  while (epoll_wait(edge, &event, 1, 0) == 1) continue;
  fake_set(fd, FAKE_RELEASE, 1);
  CHECK(epoll_wait(edge, &event, 1, LIMIT_MS) == 1);
  CHECK(event.events == EPOLLOUT && event.data.u64 == 0x123456789abcdef0);
  CHECK(epoll_wait(level, &other, 1, 0) == 0);
  CHECK(so_error(fd) == 0 && write(fd, "x", 1) == 1);
  CHECK(epoll_wait(level, &other, 1, LIMIT_MS) == 1 && other.data.u64 == 7);
  CHECK(epoll_ctl(level, EPOLL_CTL_DEL, fd, NULL) == 0);
}

CASE(connect_with_the_first_bytes) {
  int fd = tcp(SOCK_NONBLOCK);
  char back[3];
  CHECK(sendto(fd, "abc", 3, MSG_FASTOPEN, at(PORT_FAST), AT_LEN) == 3);
  CHECK(fcntl(fd, F_SETFL, 0) == 0);
  CHECK(recv(fd, back, 3, MSG_WAITALL) == 3 && memcmp(back, "abc", 3) == 0);
  FAILS(EISCONN, sendto(fd, "abc", 3, MSG_FASTOPEN, at(PORT_FAST), AT_LEN));
  int blocking = tcp(0); /* no cookie: the bytes follow the handshake */
  CHECK(sendto(blocking, "abc", 3, MSG_FASTOPEN, at(PORT_ECHO), AT_LEN) == 3);
  CHECK(recv(blocking, back, 3, MSG_WAITALL) == 3 && memcmp(back, "abc", 3) == 0);
  int pending = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, sendto(pending, "abc", 3, MSG_FASTOPEN, at(PORT_ECHO), AT_LEN));
  CHECK(wait_for(pending, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(wait_for(pending, POLLIN, 50) == 0);
  int none = tcp(0);
  FAILS(EINVAL, send(none, "abc", 3, MSG_FASTOPEN));
  FAILS(ECONNREFUSED, sendto(none, "a", 1, MSG_FASTOPEN, at(PORT_REFUSE_LATER), AT_LEN));
}
