/* dup, fork, exec, SCM_RIGHTS. */
#include "differ.h"

CASE(copies, dup_kinds) {
  int fds[2];
  pair_of(fds);
  int copies[] = {dup(fds[0]), fcntl(fds[0], F_DUPFD, 100), fcntl(fds[0], F_DUPFD_CLOEXEC, 100),
                  dup2(fds[0], 90), dup3(fds[0], 91, O_CLOEXEC)};
  for (int i = 0; i < 5; i++) {
    SHOW(copies[i] >= 0);
    SHOW(fcntl(copies[i], F_GETFD));
    SHOW(send(copies[i], "x", 1, 0));
    show_recv(fds[1], 0);
    SHOW(get_int(copies[i], SOL_SOCKET, SO_TYPE));
  }
  SHOW(dup3(fds[0], fds[0], 0));
  SHOW(dup2(fds[0], fds[0]) == fds[0]);
  SHOW(dup2(999, 5));
  SHOW(fcntl(fds[0], F_DUPFD, -1));
}

CASE(copies, over_another_socket) {
  int fds[2], others[2];
  pair_of(fds);
  pair_of(others);
  dup2(fds[0], others[0]);
  show_poll(others[1], POLLRDHUP);
  SHOW(send(others[0], "here", 4, 0));
  show_recv(fds[1], 0);
}

CASE(copies, share_flags_and_options) {
  int fd = tcp(), copy = dup(fd);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  SHOW(fcntl(copy, F_GETFL));
  set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SHOW(get_int(copy, SOL_SOCKET, SO_KEEPALIVE));
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  SHOW(fcntl(copy, F_GETFD));
}

CASE(copies, of_a_connecting_one) {
  int listener = listening(), fd = nonblocking(tcp()), copy = dup(fd);
  dial(fd, LO, port_of(listener));
  await(copy, POLLOUT);
  SHOW(send(copy, "copy", 4, 0));
  show_recv(accept(listener, NULL, NULL), 0);
}

CASE(copies, child_uses_it) {
  int fds[2];
  pair_of(fds);
  if (fork() == 0) {
    show_recv(fds[1], 0);
    SHOW(send(fds[1], "back", 4, 0));
    SHOW(get_int(fds[1], SOL_SOCKET, SO_TYPE));
    SHOW(set_int(fds[1], IPPROTO_TCP, TCP_NODELAY, 1));
    fflush(stdout);
    _exit(0);
  }
  send(fds[0], "there", 5, 0);
  wait(NULL);
  show_recv(fds[0], 0);
  SHOW(get_int(fds[1], IPPROTO_TCP, TCP_NODELAY));
}

CASE(copies, child_connects_the_parents) {
  int listener = listening(), fd = tcp();
  if (fork() == 0) _exit(dial(fd, LO, port_of(listener)) < 0);
  wait(NULL);
  SHOW(send(fd, "parent", 6, MSG_NOSIGNAL));
  show_recv(accept(listener, NULL, NULL), 0);
}

CASE(copies, vfork_and_exec) {
  int fds[2];
  pair_of(fds);
  pid_t child = vfork();
  if (child == 0) {
    dup2(fds[0], 1);
    execl("/bin/echo", "echo", "by exec", (char *)NULL);
    _exit(1);
  }
  waitpid(child, NULL, 0);
  await_bytes(fds[1], 8);
  show_recv(fds[1], 0);
  SHOW(send(fds[0], "still", 5, 0));
  show_recv(fds[1], 0);
}

CASE(copies, close_on_exec) {
  int fds[2];
  pair_of(fds);
  fcntl(fds[0], F_SETFD, FD_CLOEXEC);
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/sleep", "sleep", "1", (char *)NULL);
    _exit(1);
  }
  usleep(100000);
  close(fds[0]);
  show_poll(fds[1], POLLRDHUP);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void pass(int by, int fd) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } room = {0};
  struct iovec iov = {"x", 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room,
                       .msg_controllen = sizeof room};
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  SHOW(sendmsg(by, &msg, 0));
}

static int passed(int by) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } room = {0};
  char text[2];
  int fd = -1;
  struct iovec iov = {text, 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room,
                       .msg_controllen = sizeof room};
  SHOW(recvmsg(by, &msg, 0));
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  if (c != NULL) memcpy(&fd, CMSG_DATA(c), sizeof fd);
  return fd;
}

CASE(copies, by_rights) {
  int fds[2], by[2];
  pair_of(fds);
  socketpair(AF_UNIX, SOCK_STREAM, 0, by);
  if (fork() == 0) {
    int fd = passed(by[1]);
    SHOW(fd >= 0);
    SHOW(send(fd, "passed", 6, 0));
    SHOW(get_int(fd, SOL_SOCKET, SO_TYPE));
    fflush(stdout);
    _exit(0);
  }
  pass(by[0], fds[0]);
  wait(NULL);
  show_recv(fds[1], 0);
}

CASE(copies, a_listener_by_rights) {
  int listener = listening(), by[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, by);
  if (fork() == 0) {
    int fd = accept(passed(by[1]), NULL, NULL);
    SHOW(fd >= 0);
    send(fd, "accepted", 8, 0);
    fflush(stdout);
    _exit(0);
  }
  pass(by[0], listener);
  show_recv(connected(listener), 0);
  wait(NULL);
}

CASE(copies, udp_by_rights) {
  int fds[2], by[2];
  udp_pair(fds);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, by);
  if (fork() == 0) {
    SHOW(send(passed(by[1]), "passed", 6, 0));
    fflush(stdout);
    _exit(0);
  }
  pass(by[0], fds[0]);
  wait(NULL);
  show_recv(fds[1], 0);
}
