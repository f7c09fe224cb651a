/*
 * The ways of reading of rings_in.c, and how what was read is looked at.
 */
#ifndef RINGS_IN_READS_H
#define RINGS_IN_READS_H

#include "rings_giver.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

static int sock;
static uint64_t asked, seen; /* bytes */

static void ask(int64_t count) {
  if (send(sock, &count, sizeof count, 0) != sizeof count) fail("ask");
  if (count > 0) asked += (uint64_t)count;
}

static void look(const uint8_t *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] == pattern(seen + i)) continue;
    printf("wrong at %lu\n", seen + i);
    exit(1);
  }
  seen += len;
}

/* ---- ways of reading ---- */

static long by_read(size_t len) { return read(sock, buffer, len); }
static long by_recv(size_t len) { return recv(sock, buffer, len, 0); }
static long by_raw(size_t len) { return raw(SYS_read, sock, (long)buffer, (long)len, 0); }
static long by_all(size_t len) {
  if (len > asked - seen) len = asked - seen;
  long n = recv(sock, buffer, len, MSG_WAITALL);
  if (n != (long)len) fail("MSG_WAITALL");
  return n;
}

static long by_readv(size_t len) {
  struct iovec iov[IOV_COUNT];
  return readv(sock, iov, cut(iov, buffer, len));
}

static long by_recvmsg(size_t len) {
  struct iovec iov[2] = {{buffer, len / 2}, {buffer + len / 2, len - len / 2}};
  struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
  return recvmsg(sock, &msg, 0);
}

static long by_splice(size_t len) {
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  long n = splice(sock, NULL, ends[1], NULL, len < 4096 ? len : 4096, 0);
  for (long done = 0; done < n;) {
    long m = read(ends[0], buffer + done, (size_t)(n - done));
    if (m <= 0) fail("pipe read");
    done += m;
  }
  close(ends[0]);
  close(ends[1]);
  return n;
}

static long by_stdio(size_t len) {
  static FILE *stream;
  if (stream == NULL) {
    stream = fdopen(dup(sock), "r");
    setvbuf(stream, NULL, _IONBF, 0);
  }
  (void)len;
  int c = getc(stream);
  if (c < 0) fail("getc");
  buffer[0] = (uint8_t)c;
  return 1;
}

/* What is looked at first is what is read then. */
static long by_peek(size_t len) {
  static uint8_t peeked[MOST];
  long n = recv(sock, peeked, len, MSG_PEEK);
  long m = n > 0 ? recv(sock, buffer, (size_t)n, 0) : n;
  if (m != n || memcmp(peeked, buffer, (size_t)n) != 0) fail("MSG_PEEK");
  return n;
}

static long by_dropping(size_t len) {
  static uint8_t none[MOST];
  long n = recv(sock, none, len, MSG_TRUNC);
  if (n > 0) fill(buffer, (size_t)n, seen);
  return n;
}

static void some(long (*read_some)(size_t), size_t len) {
  long n = read_some(len);
  if (n <= 0 || (size_t)n > len) fail("read");
  look(buffer, (size_t)n);
}

static void bulk(size_t count) {
  ask((int64_t)count);
  while (seen < asked) some(by_read, MOST);
}

static void sizes(void) {
  bulk(MANY);
  ask(24 << 20);
  while (seen < asked) some(next(2) ? by_read : by_recv, 1 + next(next(2) ? MOST : 3000));
}

static void mixed(void) {
  static long (*const ways[])(size_t) = {by_read,   by_recv, by_raw,   by_readv,   by_recvmsg,
                                         by_all,    by_peek, by_stdio, by_dropping, by_splice};
  for (int i = 0; i < 24; i++) {
    uint32_t count = i % 3 ? 6 : 10;
    bulk(1 << 20);
    ask(1 << 20);
    for (int k = 0; seen < asked; k++) {
      some(ways[k % 8 ? next(count) : 0], 1 + next(next(2) ? 40000 : 300));
    }
  }
}

#endif
