/* The life of descriptors: dup, close, ranges, stale entries; control stays out of reach. */
#include "check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/resource.h>
#include <unistd.h>

/* Frees a number that whoever runs the tests may have left open for us. */
static void vacate(int fd) { past_shim(SYS_close, fd); }

CASE(close_of_a_listener_is_waited_for) {
  int fd = tcp(0), copy = -1, other = udp();
  int before = requests(other, NUSE_OP_CLOSE);
  CHECK(close(tcp(0)) == 0 && requests(other, NUSE_OP_CLOSE) == before);
  CHECK(listen(fd, 1) == 0 && (copy = dup(fd)) >= 0);
  errno = 77;
  CHECK(close(copy) == 0 && requests(other, NUSE_OP_CLOSE) == before + 1 && errno == 77);
  CHECK(dup2(0, fd) == fd && requests(other, NUSE_OP_CLOSE) == before + 2);
}

CASE(dup_all_ways) {
  vacate(50);
  vacate(60);
  int fd = udp();
  int copies[] = {dup(fd), dup2(fd, 40), dup3(fd, 41, O_CLOEXEC), fcntl(fd, F_DUPFD, 50),
                  fcntl(fd, F_DUPFD_CLOEXEC, 60)};
  int who = requests(fd, NUSE_OP_WHO);
  close(fd);
  for (unsigned i = 0; i < sizeof copies / sizeof copies[0]; i++) {
    char buf[8];
    CHECK(copies[i] >= 0);
    CHECK(sendto(copies[i], "abc", 3, 0, at(5000), AT_LEN) == 3);
    CHECK(recv(copies[i], buf, sizeof buf, 0) == 3);
  }
  CHECK(copies[3] == 50 && copies[4] == 60);
  CHECK(requests(copies[0], NUSE_OP_WHO) == who);
}

CASE(dup_knows_what_the_socket_was_told) {
  int on = 1, size = 0, fd = udp();
  socklen_t len = sizeof size;
  CHECK(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0);
  int copies[] = {dup(fd), dup2(fd, 40), fcntl(fd, F_DUPFD, 50)};
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  for (int i = 0; i < 3; i++) CHECK(wait_for(copies[i], POLLIN, LIMIT_MS) == POLLERR);
  /* And that a connect is under way, with the pair made unwritable */
  int stream = tcp(SOCK_NONBLOCK);
  FAILS(EINPROGRESS, connect(stream, at(PORT_HELD), AT_LEN));
  int copy = dup(stream);
  fake_set(fd, FAKE_RELEASE, 1);
  CHECK(close(stream) == 0 && wait_for(copy, POLLOUT, LIMIT_MS) == POLLOUT);
  CHECK(send(copy, "x", 1, 0) == 1);
  CHECK(past_shim(SYS_getsockopt, copy, SOL_SOCKET, SO_SNDBUF, &size, &len) == 0 && size > 200000);
}

CASE(dup2_over_nuse) {
  int pipes[2];
  int fd = udp();
  CHECK(pipe(pipes) == 0);
  CHECK(dup2(pipes[1], fd) == fd);
  CHECK(write(fd, "plain", 5) == 5);
  char buf[8];
  CHECK(read(pipes[0], buf, sizeof buf) == 5);
  int other = udp();
  CHECK(dup2(other, fd) == fd && dup2(fd, fd) == fd);
  CHECK(sendto(fd, "abc", 3, 0, at(5000), AT_LEN) == 3 && read(fd, buf, 8) == 3);
  FAILS(EINVAL, dup3(fd, fd, 0));
  vacate(77);
  FAILS(EBADF, dup2(77, fd));
  CHECK(sendto(fd, "abc", 3, 0, at(5000), AT_LEN) == 3 && read(fd, buf, 8) == 3);
}

CASE(foreign_files_cost_no_request) {
  int fd = udp();
  int hello = requests(fd, NUSE_OP_HELLO);
  int who = requests(fd, NUSE_OP_WHO);
  int pair[2], pipes[2];
  char buf[8];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pipes) == 0);
  CHECK(write(pair[0], "abc", 3) == 3 && recv(pair[1], buf, 8, 0) == 3);
  CHECK(write(pipes[1], "abc", 3) == 3 && read(pipes[0], buf, 8) == 3);
  CHECK(past_shim(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  CHECK(write(pair[0], "abc", 3) == 3 && recv(pair[1], buf, 8, 0) == 3);
  FAILS(ENOTSOCK, recv(pipes[0], buf, 8, 0));
  FAILS(ENOTSOCK, getsockopt(pipes[0], SOL_SOCKET, SO_TYPE, buf, &(socklen_t){4}));
  FAILS(EBADF, read(-1, buf, 8));
  FAILS(EBADF, write(2000000, buf, 8));
  CHECK(requests(fd, NUSE_OP_WHO) == who && requests(fd, NUSE_OP_HELLO) == hello);
}

/* Closed without the shim knowing, and the number used for a file. */
static int stale(int type, bool is_connected) {
  int fd = socket(AF_INET, type, 0);
  if (is_connected) CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
  CHECK(past_shim(SYS_close, fd) == 0);
  CHECK(open("/proc/self/comm", O_RDWR) == fd);
  return fd;
}

CASE(stale_entries_heal) {
  char buf[32];
  struct iovec iov = {buf, sizeof buf};
  for (int i = 0; i < 3; i++) {
    int type = i == 0 ? SOCK_DGRAM : SOCK_STREAM;
    int fd = stale(type, i == 2);
    ssize_t n = read(fd, buf, sizeof buf);
    CHECK(n > 0 && buf[n - 1] == '\n');
    CHECK(read(fd, buf, sizeof buf) == 0);
    close(fd);
    fd = stale(type, i == 2);
    CHECK(write(fd, "renamed", 7) == 7);
    close(fd);
    fd = stale(type, i == 2);
    CHECK(readv(fd, &iov, 1) > 0);
    close(fd);
    fd = stale(type, i == 2);
    FAILS(ENOTSOCK, recv(fd, buf, 1, 0));
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, buf, 1) == 1);
    close(fd);
  }
}

CASE(stdio_on_stream) {
  int fd = connected(PORT_ECHO);
  char line[32];
  FILE *file = fdopen(fd, "r+");
  CHECK(file != NULL);
  fprintf(file, "a line\n");
  fflush(file);
  CHECK(fgets(line, sizeof line, file) != NULL && strcmp(line, "a line\n") == 0);
  CHECK(fclose(file) == 0);
  int again = open("/dev/null", O_RDWR);
  CHECK(again == fd && write(again, "x", 1) == 1 && read(again, line, 1) == 0);
}

CASE(control_is_out_of_reach) {
  int fd = udp();
  int control = control_fd();
  CHECK(control >= 500);
  FAILS(EBADF, close(control));
  FAILS(EBADF, fcntl(control, F_GETFD));
  FAILS(EBADF, dup(control));
  FAILS(EBADF, dup2(control, 70));
  for (int i = 3; i < 1024; i++) {
    if (i != fd) close(i);
  }
  CHECK(sendto(fd, "abc", 3, 0, at(5000), AT_LEN) == 3);
  int hello = requests(fd, NUSE_OP_HELLO);
  CHECK(dup2(0, control) == control);
  CHECK(requests(fd, NUSE_OP_HELLO) == hello && control_fd() > control);
  CHECK(close(control) == 0);
  CHECK(past_shim(SYS_dup2, 0, control_fd()) >= 0);
  CHECK(requests(fd, NUSE_OP_HELLO) == hello + 1);
}

CASE(close_range_spares_control) {
  char buf[8];
  int fd = udp();
  int low = dup2(fd, 100), high = dup2(fd, 900);
  int hello = requests(fd, NUSE_OP_HELLO);
  CHECK(close_range(100, ~0U, 0) == 0);
  FAILS(EBADF, sendto(low, "abc", 3, 0, at(5000), AT_LEN));
  FAILS(EBADF, write(high, "abc", 3));
  CHECK(sendto(fd, "abc", 3, 0, at(5000), AT_LEN) == 3 && recv(fd, buf, 8, 0) == 3);
  CHECK(requests(fd, NUSE_OP_HELLO) == hello);
  int control = control_fd();
  CHECK(close_range((unsigned)control, (unsigned)control, 0) == 0 && control_fd() == control);
  CHECK(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0);
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  FAILS(EINVAL, close_range(5, 4, 0));
  closefrom(3);
  FAILS(EBADF, write(fd, "x", 1));
  fd = udp();
  CHECK(requests(fd, NUSE_OP_HELLO) == hello && control_fd() == control);
}

/* Sends `fd` over `pair`, and closes it. */
static void pass(int pair, int fd) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
  struct iovec iov = {"f", 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                       .msg_controllen = sizeof control};
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  CHECK(sendmsg(pair, &msg, 0) == 1);
  CHECK(close(fd) == 0);
}

static int take(int pair, bool by_batch) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  char c;
  struct iovec iov = {&c, 1};
  struct mmsghdr vector = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
                                       .msg_controllen = sizeof control}};
  if (by_batch) {
    CHECK(recvmmsg(pair, &vector, 1, 0, NULL) == 1);
  } else {
    CHECK(recvmsg(pair, &vector.msg_hdr, 0) == 1);
  }
  int fd;
  memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
  return fd;
}

CASE(passed_descriptors_are_known) {
  int pair[2], pipes[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(pipes) == 0);
  for (int i = 0; i < 2; i++) {
    char buf[8];
    int number = dup(pipes[0]), sent = udp();
    CHECK(read(number, buf, 0) == 0);
    vacate(number); /* by a call of its own, as Go makes them */
    pass(pair[0], sent);
    int fd = take(pair[1], i == 1);
    CHECK(fd == number);
    CHECK(sendto(fd, "abc", 3, 0, at(5000), AT_LEN) == 3 && recv(fd, buf, 8, 0) == 3);
    pass(pair[0], connected(PORT_ECHO));
    int stream = take(pair[1], i == 1);
    echo_works(stream);
    close(stream);
    close(fd);
  }
}

CASE(native_sockets_stay_native) {
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  FAILS(EAFNOSUPPORT, socket(AF_DECnet, SOCK_STREAM, 0));
  FAILS(EINVAL, socket(AF_INET, SOCK_STREAM | 0x100000, 0));
  FAILS(ESOCKTNOSUPPORT, socket(AF_INET, 9, 0));
  int netlink = socket(AF_NETLINK, SOCK_RAW, 0);
  struct sockaddr_storage name;
  socklen_t len = sizeof name;
  CHECK(fd >= 0 && netlink >= 0);
  CHECK(getsockname(netlink, (struct sockaddr *)&name, &len) == 0);
  CHECK(name.ss_family == AF_NETLINK);
}

CASE(high_descriptor) {
  int fd = fcntl(udp(), F_DUPFD, 1500);
  char buf[8];
  if (fd < 0) return; /* limit is lower here */
  CHECK(sendto(fd, "abc", 3, 0, at(5000), AT_LEN) == 3 && recv(fd, buf, 8, 0) == 3);
  CHECK(close(fd) == 0);
  FAILS(EBADF, send(fd, "x", 1, 0));
}

CASE(no_descriptor_left_for_the_first_socket) {
  struct rlimit limit;
  int lowest = dup(0);
  CHECK(close(lowest) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
  rlim_t soft = limit.rlim_cur;
  limit.rlim_cur = (rlim_t)lowest;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  FAILS(EMFILE, socket(AF_INET, SOCK_STREAM, 0));
  limit.rlim_cur = soft;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(socket(AF_INET, SOCK_STREAM, 0) >= 0);
}
