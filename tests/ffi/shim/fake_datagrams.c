/*
 * What fake_service.c does with a datagram: echo, in the form that the shim expects.
 */
#include "fake_model.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint8_t bytes[80000];

void hang_up(struct fake *s) {
  close(s->fd);
  s->fd = -1;
}

/* Does the message begin with the shim's header? */
static bool has_header(ssize_t n) {
  static const uint32_t mark[2] = {FAKE_TOKEN_LOW, FAKE_TOKEN_HIGH};
  return n >= NUSE_DGRAM_HEADER_LEN && memcmp(bytes + NUSE_DGRAM_TOKEN_OFF, mark, sizeof mark) == 0;
}

/* Echo; a payload that begins with '?' is answered with the header that came with it. */
void move_datagram(struct fake *s) {
  static uint8_t reply[sizeof bytes];
  ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n <= 0) {
    if (n == 0) hang_up(s);
    return;
  }
  if (!has_header(n)) {
    plain_messages++;
    return;
  }
  size_t len = (size_t)n - NUSE_DGRAM_HEADER_LEN;
  memcpy(reply, bytes, (size_t)n);
  if (len > 0 && bytes[NUSE_DGRAM_HEADER_LEN] == '?') {
    memcpy(reply + NUSE_DGRAM_HEADER_LEN, bytes, NUSE_DGRAM_HEADER_LEN);
    len = NUSE_DGRAM_HEADER_LEN;
  }
  uint64_t time_us = FAKE_TIME_US;
  uint32_t payload_len = (uint32_t)len, index = 2;
  memset(reply + NUSE_DGRAM_FLAGS_OFF, 0, 2);
  memcpy(reply + NUSE_DGRAM_PAYLOAD_LEN_OFF, &payload_len, 4);
  if (s->state & NUSE_STATE_CONNECTED) {
    uint16_t family = AF_INET;
    uint32_t addr = htonl(s->peer);
    memcpy(reply + NUSE_DGRAM_FAMILY_OFF, &family, 2);
    memcpy(reply + NUSE_DGRAM_PORT_OFF, &s->port, 2);
    memcpy(reply + NUSE_DGRAM_ADDR_OFF, &addr, 4);
  }
  reply[NUSE_DGRAM_TTL_OFF] = FAKE_TTL;
  reply[NUSE_DGRAM_TOS_OFF] = FAKE_TOS;
  memcpy(reply + NUSE_DGRAM_IFINDEX_OFF, &index, 4);
  memcpy(reply + NUSE_DGRAM_DST_OFF, "\xc6\x12\0\2", 4);
  memcpy(reply + NUSE_DGRAM_TIME_OFF, &time_us, 8);
  send(s->fd, reply, NUSE_DGRAM_HEADER_LEN + len, MSG_NOSIGNAL);
}
