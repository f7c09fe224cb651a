/* Datagram sockets: the header is put on and taken off in every call; sizes, errors, batches. */
#include "check.h"

#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int udp_connected(void) {
  int fd = udp();
  CHECK(connect(fd, at(5000), AT_LEN) == 0);
  return fd;
}

CASE(datagram_sendto) {
  int fd = udp();
  char buf[16];
  struct sockaddr_in from;
  socklen_t len = sizeof from;
  errno = 77;
  CHECK(sendto(fd, "hello", 5, 0, at(5000), AT_LEN) == 5);
  CHECK(recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len) == 5);
  CHECK(errno == 77 && len == sizeof from && memcmp(buf, "hello", 5) == 0);
  CHECK(from.sin_family == AF_INET && from.sin_port == htons(5000));
  CHECK(from.sin_addr.s_addr == htonl(0xc6120001));
  CHECK(sendto(fd, "", 0, 0, at(5000), AT_LEN) == 0);
  CHECK(recv(fd, buf, sizeof buf, 0) == 0);
  FAILS(EAGAIN, recvfrom(fd, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, NULL));
  CHECK(sendto(fd, "hello", 5, 0, at(5000), AT_LEN) == 5);
  FAILS(EFAULT, recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, NULL));
}

/* The name is cut to the room for it, its length told; a bad length only when the datagram has been
 * taken, as by the kernel. */
CASE(datagram_name_lengths) {
  int fd = udp();
  char c;
  struct sockaddr_in from;
  socklen_t len = 3;
  for (int i = 0; i < 3; i++) CHECK(sendto(fd, "x", 1, 0, at(5000), AT_LEN) == 1);
  memset(&from, 0x5a, sizeof from);
  CHECK(recvfrom(fd, &c, 1, 0, (struct sockaddr *)&from, &len) == 1 && len == sizeof from);
  CHECK(from.sin_family == AF_INET && ((uint8_t *)&from)[3] == 0x5a);
  len = (socklen_t)-1;
  FAILS(EINVAL, recvfrom(fd, &c, 1, 0, (struct sockaddr *)&from, &len));
  len = 0;
  CHECK(recvfrom(fd, &c, 1, 0, (struct sockaddr *)&from, &len) == 1 && len == sizeof from);
  FAILS(EAGAIN, recv(fd, &c, 1, MSG_DONTWAIT));
}

CASE(datagram_connected_calls) {
  int fd = udp_connected();
  char a[2], b[8];
  struct iovec out[2] = {{"ab", 2}, {"cdef", 4}};
  struct iovec in[2] = {{a, 2}, {b, 8}};
  CHECK(write(fd, "1234", 4) == 4 && read(fd, b, 8) == 4 && memcmp(b, "1234", 4) == 0);
  CHECK(send(fd, "12345", 5, 0) == 5 && recv(fd, b, 8, 0) == 5);
  CHECK(writev(fd, out, 2) == 6 && readv(fd, in, 2) == 6);
  CHECK(memcmp(a, "ab", 2) == 0 && memcmp(b, "cdef", 4) == 0);
  CHECK(write(fd, "", 0) == 0 && wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
  CHECK(read(fd, b, 0) == 0 && wait_for(fd, POLLIN, 0) == POLLIN);
  CHECK(read(fd, b, 8) == 0 && wait_for(fd, POLLIN, 0) == 0);
  FAILS(EAGAIN, recv(fd, b, 8, MSG_DONTWAIT));
  FAILS(EOPNOTSUPP, accept(fd, NULL, NULL));
  int pipes[2];
  CHECK(pipe(pipes) == 0);
  FAILS(EINVAL, sendfile(fd, pipes[0], NULL, 4)); /* no file */
  FAILS(EBADF, sendfile(fd, -1, NULL, 4));
}

CASE(datagram_truncated) {
  int fd = udp_connected();
  char buf[4];
  struct iovec iov = {buf, sizeof buf};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
  for (int i = 0; i < 4; i++) CHECK(send(fd, "0123456789", 10, 0) == 10);
  CHECK(recv(fd, buf, 4, MSG_PEEK) == 4);
  CHECK(recv(fd, buf, 4, MSG_PEEK | MSG_TRUNC) == 10);
  CHECK(recvmsg(fd, &msg, 0) == 4 && (msg.msg_flags & MSG_TRUNC));
  CHECK(recvmsg(fd, &msg, MSG_TRUNC) == 10 && (msg.msg_flags & MSG_TRUNC));
  CHECK(read(fd, buf, 4) == 4 && memcmp(buf, "0123", 4) == 0);
  CHECK(recv(fd, NULL, 0, MSG_TRUNC) == 10);
  fake_set(fd, FAKE_DATAGRAM, 60000);
  CHECK(recv(fd, buf, 4, MSG_TRUNC | MSG_WAITALL) == 60000);
}

CASE(datagram_many_pieces) {
  int fd = udp_connected();
  char out[100], in[100];
  struct iovec iov[100];
  for (int i = 0; i < 100; i++) {
    out[i] = (char)i;
    iov[i] = (struct iovec){&out[i], 1};
  }
  CHECK(writev(fd, iov, 100) == 100);
  for (int i = 0; i < 100; i++) iov[i].iov_base = &in[99 - i];
  CHECK(readv(fd, iov, 100) == 100);
  for (int i = 0; i < 100; i++) CHECK(in[i] == 99 - i);
}

CASE(datagram_send_errors) {
  static char big[70000];
  int fd = udp();
  struct sockaddr_in6 six = {.sin6_family = AF_INET6};
  FAILS(EDESTADDRREQ, send(fd, "x", 1, 0));
  FAILS(EDESTADDRREQ, write(fd, "x", 1));
  FAILS(ENETUNREACH, sendto(fd, "x", 1, 0, address(0x0a090909, 53), AT_LEN));
  FAILS(ENETUNREACH, sendto(fd, "x", 1, 0, address(0x0a090909, 53), AT_LEN));
  FAILS(EACCES, sendto(fd, "x", 1, 0, address(0xffffffff, 53), AT_LEN));
  FAILS(EMSGSIZE, sendto(fd, big, 65508, 0, at(53), AT_LEN));
  FAILS(EMSGSIZE, sendto(fd, big, 30000, 0, at(53), AT_LEN));
  FAILS(EINVAL, sendto(fd, "x", 1, 0, at(53), 8));
  FAILS(EAFNOSUPPORT, sendto(fd, "x", 1, 0, (struct sockaddr *)&six, sizeof six));
  FAILS(EOPNOTSUPP, sendto(fd, "x", 1, MSG_OOB, at(53), AT_LEN));
  FAILS(ENETUNREACH, connect(fd, address(0x0a090909, 53), AT_LEN));
  CHECK(sendto(fd, big, 15000, 0, at(53), AT_LEN) == 15000);
}

CASE(datagram_asks_once) {
  int fd = udp();
  int before = requests(fd, NUSE_OP_CHECK);
  for (int i = 0; i < 10; i++) CHECK(sendto(fd, "abc", 3, 0, at(53 + i), AT_LEN) == 3);
  CHECK(requests(fd, NUSE_OP_CHECK) == before + 1);
  CHECK(sendto(fd, "abcd", 4, 0, at(53), AT_LEN) == 4);
  CHECK(requests(fd, NUSE_OP_CHECK) == before + 2);
  for (int i = 0; i < 10; i++) {
    for (uint32_t host = 1; host < 100; host++) {
      CHECK(sendto(fd, "abc", 3, MSG_DONTWAIT, address(0xc6130000 | host, 53), AT_LEN) == 3);
      CHECK(recv(fd, &(char[4]){0}, 4, 0) >= 0);
    }
  }
  CHECK(requests(fd, NUSE_OP_CHECK) <= before + 2 + 99 + 20);
  before = requests(fd, NUSE_OP_CHECK);
  CHECK(connect(fd, at(5000), AT_LEN) == 0);
  for (int i = 0; i < 10; i++) CHECK(send(fd, "abc", 3, 0) == 3);
  CHECK(requests(fd, NUSE_OP_CHECK) == before);
}

CASE(datagram_error_record) {
  int fd = udp_connected();
  char buf[8];
  int error = 0;
  socklen_t len = sizeof error;
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLERR);
  FAILS(ECONNREFUSED, read(fd, buf, 8));
  fake_set(fd, FAKE_ERROR_RECORD, EHOSTUNREACH);
  FAILS(EHOSTUNREACH, recv(fd, buf, 8, MSG_PEEK));
  FAILS(EAGAIN, recv(fd, buf, 8, MSG_DONTWAIT));
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  fake_set(fd, FAKE_DATAGRAM, 7);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNREFUSED);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
  CHECK(recv(fd, buf, 8, 0) == 7);
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  fake_set(fd, FAKE_DATAGRAM, 5);
  CHECK(ioctl(fd, FIONREAD, &error) == 0 && error == 5);
  FAILS(ECONNREFUSED, recv(fd, buf, 8, 0));
  CHECK(recv(fd, buf, 8, 0) == 5);
}

/* A send looks for an error once a tick of this clock, in milliseconds. */
static long coarse_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void next_tick(void) {
  long start = coarse_ms();
  UNTIL(coarse_ms() != start);
}

CASE(datagram_send_finds_error) {
  int fd = udp_connected();
  CHECK(send(fd, "x", 1, 0) == 1 && recv(fd, &(char){0}, 1, 0) == 1);
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  next_tick();
  FAILS(ECONNREFUSED, send(fd, "x", 1, 0));
  CHECK(send(fd, "x", 1, 0) == 1 && recv(fd, &(char){0}, 1, 0) == 1);
  next_tick();
  CHECK(send(fd, "x", 1, 0) == 1 && recv(fd, &(char){0}, 1, 0) == 1);
}

CASE(datagram_error_polls) {
  int fd = udp_connected(), other = udp(), on = 1;
  struct pollfd both[2] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
  struct timespec limit = {2, 0};
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  CHECK(wait_for(fd, 0, 0) == POLLERR);
  CHECK(ppoll(both, 2, &limit, NULL) == 1 && both[0].revents == POLLERR);
  CHECK(so_error(fd) == ECONNREFUSED);
  CHECK(wait_for(fd, POLLIN, 0) == 0);
  fake_set(fd, FAKE_DATAGRAM, 3);
  CHECK(wait_for(fd, POLLIN, LIMIT_MS) == POLLIN);
  fake_set(other, FAKE_ERROR_RECORD, ECONNREFUSED);
  CHECK(wait_for(other, POLLIN, LIMIT_MS) == POLLIN); /* nobody has asked for errors */
  CHECK(setsockopt(other, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0);
  CHECK(wait_for(other, POLLIN, LIMIT_MS) == POLLERR);
  fake_set(other, FAKE_DATAGRAM, 3);
  CHECK(wait_for(other, POLLIN, LIMIT_MS) == (POLLIN | POLLERR));
  CHECK(setsockopt(other, SOL_SOCKET, SO_SELECT_ERR_QUEUE, &on, sizeof on) == 0);
  CHECK(wait_for(other, POLLIN, LIMIT_MS) == (POLLIN | POLLERR)); /* POLLPRI was not asked for */
  CHECK(wait_for(other, POLLIN | POLLPRI, LIMIT_MS) == (POLLIN | POLLERR | POLLPRI));
}

CASE(datagram_with_more) {
  struct {
    uint16_t magic, flags;
  } header;
  int fd = udp_connected();
  char whole[NUSE_DGRAM_HEADER_LEN];
  CHECK(send(fd, "?", 1, MSG_MORE) == 1 && recv(fd, whole, sizeof whole, 0) == sizeof whole);
  memcpy(&header, whole, sizeof header);
  CHECK(header.flags == NUSE_DGRAM_MORE);
  CHECK(send(fd, "?", 1, 0) == 1 && recv(fd, &header, sizeof header, 0) == sizeof header);
  CHECK(header.flags == 0);
}

CASE(datagram_written_by_stdio) {
  int fd = udp_connected();
  FILE *stream = fdopen(fd, "w");
  int before = fake_get(fd, FAKE_PLAIN);
  CHECK(fputs("plain", stream) >= 0 && fflush(stream) == 0);
  UNTIL(fake_get(fd, FAKE_PLAIN) == before + 1);
}

CASE(datagram_error_queue) {
  int fd = udp();
  char payload[4], control[128], beyond[4] = "mine";
  struct sockaddr_in to, *offender;
  struct iovec iov[2] = {{payload, sizeof payload}, {beyond, sizeof beyond}};
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 1, .msg_name = &to,
                       .msg_namelen = sizeof to, .msg_control = control,
                       .msg_controllen = sizeof control};
  FAILS(EAGAIN, recvmsg(fd, &msg, MSG_ERRQUEUE));
  fake_set(fd, FAKE_ERRQUEUE, EHOSTUNREACH);
  fake_set(fd, FAKE_ERROR_RECORD, EHOSTUNREACH);
  CHECK(recvmsg(fd, &msg, MSG_ERRQUEUE) == 4 && memcmp(payload, "offe", 4) == 0);
  CHECK(memcmp(beyond, "mine", 4) == 0);
  CHECK(msg.msg_flags == (MSG_ERRQUEUE | MSG_TRUNC));
  CHECK(to.sin_addr.s_addr == htonl(0xc6130001) && to.sin_port == htons(33434));
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  CHECK(c != NULL && c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR);
  struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(c);
  CHECK(error->ee_errno == EHOSTUNREACH && error->ee_origin == SO_EE_ORIGIN_ICMP);
  CHECK(error->ee_type == 3 && error->ee_code == 1 && error->ee_info == 77);
  offender = (struct sockaddr_in *)SO_EE_OFFENDER(error);
  CHECK(offender->sin_family == AF_INET && offender->sin_addr.s_addr == htonl(0xc6120063));
  FAILS(EAGAIN, recv(fd, payload, 4, MSG_DONTWAIT));
}

CASE(datagram_ioctl) {
  int fd = udp_connected();
  int next = -1;
  struct timeval stamp;
  FAILS(ENOENT, ioctl(fd, SIOCGSTAMP_OLD, &stamp));
  CHECK(ioctl(fd, FIONREAD, &next) == 0 && next == 0);
  fake_set(fd, FAKE_DATAGRAM, 123);
  fake_set(fd, FAKE_DATAGRAM, 77);
  CHECK(ioctl(fd, FIONREAD, &next) == 0 && next == 123);
  CHECK(recv(fd, &(char[200]){0}, 200, 0) == 123);
  CHECK(ioctl(fd, SIOCGSTAMP_OLD, &stamp) == 0);
  CHECK(stamp.tv_sec == FAKE_TIME_US / 1000000 && stamp.tv_usec == FAKE_TIME_US % 1000000);
}

static void batch(struct mmsghdr *vector, struct iovec *iov, char (*bufs)[16], int count) {
  memset(vector, 0, sizeof *vector * (size_t)count);
  for (int i = 0; i < count; i++) {
    iov[i] = (struct iovec){bufs[i], 16};
    vector[i].msg_hdr.msg_iov = &iov[i];
    vector[i].msg_hdr.msg_iovlen = 1;
  }
}

CASE(datagram_batches) {
  int fd = udp_connected();
  struct mmsghdr vector[5];
  struct iovec iov[5];
  char bufs[5][16] = {"0", "1", "2", "3", "4"};
  struct timespec timeout = {9, 0};
  batch(vector, iov, bufs, 5);
  for (int i = 0; i < 4; i++) iov[i].iov_len = (size_t)i + 1;
  CHECK(sendmmsg(fd, vector, 4, 0) == 4 && vector[3].msg_len == 4);
  batch(vector, iov, bufs, 5);
  CHECK(recvmmsg(fd, vector, 4, 0, &timeout) == 4);
  for (int i = 0; i < 4; i++) CHECK(vector[i].msg_len == (unsigned)i + 1 && bufs[i][0] == '0' + i);
  CHECK(timeout.tv_sec < 9 && timeout.tv_nsec > 0);
  FAILS(EAGAIN, recvmmsg(fd, vector, 4, MSG_DONTWAIT, NULL));
  timeout.tv_nsec = 1000000000;
  FAILS(EINVAL, recvmmsg(fd, vector, 4, 0, &timeout));
  fake_set(fd, FAKE_DATAGRAM, 1);
  CHECK(recvmmsg(fd, vector, 4, MSG_WAITFORONE, NULL) == 1);
  fake_set(fd, FAKE_DATAGRAM, 1);
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  fake_set(fd, FAKE_DATAGRAM, 2);
  CHECK(recvmmsg(fd, vector, 4, MSG_DONTWAIT, NULL) == 1);
  FAILS(ECONNREFUSED, recvmmsg(fd, vector, 4, MSG_DONTWAIT, NULL));
  CHECK(recvmmsg(fd, vector, 4, MSG_DONTWAIT, NULL) == 1 && vector[0].msg_len == 2);
}

/* What fails behind the first is left for the next call: the program hears how many have gone. */
CASE(datagram_batch_in_part) {
  static char long_one[70000];
  int fd = udp_connected();
  struct mmsghdr vector[5];
  struct iovec iov[5];
  char bufs[5][16] = {"0", "1", "2", "3", "4"};
  batch(vector, iov, bufs, 5);
  iov[2] = (struct iovec){long_one, sizeof long_one};
  CHECK(sendmmsg(fd, vector, 5, 0) == 2);
  FAILS(EMSGSIZE, sendmmsg(fd, vector + 2, 3, 0));
  CHECK(sendmmsg(fd, vector + 3, 2, 0) == 2);
}

/* An error that recvmmsg() has kept back goes with its socket, whose number the next one gets. */
CASE(datagram_error_of_the_former) {
  int fd = udp_connected();
  struct mmsghdr vector[2];
  struct iovec iov[2];
  char bufs[2][16];
  batch(vector, iov, bufs, 2);
  fake_set(fd, FAKE_DATAGRAM, 1);
  fake_set(fd, FAKE_ERROR_RECORD, ECONNREFUSED);
  CHECK(recvmmsg(fd, vector, 2, MSG_DONTWAIT, NULL) == 1);
  CHECK(close(fd) == 0);
  CHECK(udp() == fd);
  FAILS(EAGAIN, recv(fd, bufs[0], 16, MSG_DONTWAIT));
  CHECK(so_error(fd) == 0);
}

CASE(datagram_timeout) {
  struct timeval timeout = {0, 30000};
  int fd = udp();
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0);
  FAILS(EAGAIN, recv(fd, &(char){0}, 1, 0));
  CHECK(wait_for(fd, POLLIN | POLLOUT, 0) == POLLOUT);
}

CASE(datagram_ends) {
  int fd = udp_connected();
  CHECK(shutdown(fd, SHUT_RD) == 0);
  CHECK(recv(fd, &(char){0}, 1, 0) == 0);
  int gone = udp_connected();
  fake_set(gone, FAKE_HANG_UP, 1);
  CHECK(recv(gone, &(char){0}, 1, 0) == 0);
  FAILS(EPIPE, send(gone, "x", 1, 0));
}
