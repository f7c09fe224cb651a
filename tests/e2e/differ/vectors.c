/* Vectors and many messages at once, names, raw and ping sockets. */
#include "differ.h"

#include <netinet/ip_icmp.h>

CASE(vectors, of_a_stream) {
  int fds[2];
  char a[3] = "", b[8] = "";
  struct iovec out[] = {{"one", 3}, {"", 0}, {"three", 5}}, in[] = {{a, 2}, {b, 7}};
  pair_of(fds);
  SHOW(writev(fds[0], out, 3));
  await_bytes(fds[1], 8);
  SHOW(readv(fds[1], in, 2));
  printf("%s %s\n", a, b);
  const struct iovec *volatile none = NULL;
  volatile int counts[] = {0, -1, 1025};
  for (int i = 0; i < 3; i++) SHOW(writev(fds[0], out, counts[i]));
  SHOW(writev(fds[0], none, 1));
}

CASE(vectors, of_datagrams) {
  int fds[2];
  char a[3] = "", b[8] = "";
  struct iovec out[] = {{"one", 3}, {"", 0}, {"three", 5}}, in[] = {{a, 2}, {b, 7}};
  udp_pair(fds);
  SHOW(writev(fds[0], out, 3));
  SHOW(readv(fds[1], in, 2));
  printf("%s %s\n", a, b);
  SHOW(writev(fds[0], out, 0));
  SHOW(readv(nonblocking(fds[1]), in, 2));
}

CASE(vectors, wrong_messages) {
  int fds[2];
  udp_pair(fds);
  struct msghdr msg = {.msg_iovlen = 1};
  SHOW(sendmsg(fds[0], &msg, 0));
  msg.msg_iov = (struct iovec *)8;
  SHOW(sendmsg(fds[0], &msg, 0));
  SHOW(sendmsg(fds[0], NULL, 0));
  SHOW(recvmsg(fds[0], NULL, MSG_DONTWAIT));
  struct iovec iov = {"x", 1};
  msg = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1025};
  SHOW(sendmsg(fds[0], &msg, 0));
  iov.iov_len = (size_t)-1;
  msg.msg_iovlen = 1;
  SHOW(sendmsg(fds[0], &msg, 0));
  iov = (struct iovec){(void *)8, 4};
  SHOW(sendmsg(fds[0], &msg, 0));
  iov = (struct iovec){"x", 1};
  msg.msg_name = (void *)8;
  msg.msg_namelen = 16;
  SHOW(sendmsg(fds[0], &msg, 0));
  msg.msg_namelen = (socklen_t)-1;
  SHOW(sendmsg(fds[0], &msg, 0));
  msg.msg_name = NULL;
  msg.msg_namelen = 0;
  msg.msg_control = (void *)8;
  msg.msg_controllen = 32;
  SHOW(sendmsg(fds[0], &msg, 0));
}

static void many(int fds[2], int flags) {
  char in[4][8] = {"", "", "", ""};
  struct iovec out_iov[3] = {{"one", 3}, {"two", 3}, {"three", 5}}, in_iov[4];
  struct mmsghdr out[3] = {0}, got[4] = {0};
  for (int i = 0; i < 4; i++) {
    in_iov[i] = (struct iovec){in[i], 7};
    got[i].msg_hdr.msg_iov = &in_iov[i];
    got[i].msg_hdr.msg_iovlen = 1;
    if (i < 3) out[i].msg_hdr.msg_iov = &out_iov[i];
    if (i < 3) out[i].msg_hdr.msg_iovlen = 1;
  }
  SHOW(sendmmsg(fds[0], out, 3, 0));
  for (int i = 0; i < 3; i++) SHOW(out[i].msg_len);
  quiet_moment();
  int n = recvmmsg(fds[1], got, 4, flags, NULL);
  show_result("recvmmsg", n);
  for (int i = 0; i < n; i++) printf("%u %s\n", got[i].msg_len, in[i]);
}
CASE(vectors, many_datagrams) {
  int fds[2];
  udp_pair(fds);
  many(fds, MSG_DONTWAIT);
}
CASE(vectors, many_wait_for_one) {
  int fds[2];
  udp_pair(fds);
  many(fds, MSG_WAITFORONE);
}
CASE(vectors, many_on_a_stream) {
  int fds[2];
  pair_of(fds);
  many(fds, MSG_DONTWAIT);
}

CASE(vectors, many_with_a_timeout) {
  int fds[2];
  char text[8];
  struct iovec iov = {text, 8};
  struct mmsghdr got[2] = {{.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}},
                           {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}}};
  struct timespec limit = {0, -1};
  udp_pair(fds);
  SHOW(recvmmsg(fds[1], got, 2, 0, &limit));
  limit = (struct timespec){0, 1000};
  send(fds[0], "abc", 3, 0);
  SHOW(recvmmsg(fds[1], got, 2, 0, &limit));
  SHOW(recvmmsg(fds[1], got, 0, 0, NULL));
  SHOW(recvmmsg(fds[1], got, 2, MSG_DONTWAIT, NULL));
}

CASE(names, lengths) {
  int fds[2];
  struct sockaddr_in name;
  pair_of(fds);
  for (int room = -1; room <= 20; room += 7) {
    socklen_t len = (socklen_t)room;
    SHOW(getsockname(fds[0], (struct sockaddr *)&name, &len));
    SHOW((int)len);
    len = (socklen_t)room;
    SHOW(getpeername(fds[0], (struct sockaddr *)&name, &len));
    SHOW((int)len);
  }
  socklen_t len = 16;
  SHOW(getsockname(fds[0], NULL, &len));
  SHOW(getsockname(fds[0], (struct sockaddr *)8, &len));
  SHOW(getsockname(fds[0], (struct sockaddr *)&name, NULL));
  SHOW(getpeername(fds[0], (struct sockaddr *)&name, NULL));
}

CASE(names, before_anything) {
  int fds[] = {tcp(), udp()};
  for (int i = 0; i < 2; i++) {
    struct sockaddr_in name;
    socklen_t len = sizeof name;
    SHOW(getsockname(fds[i], (struct sockaddr *)&name, &len));
    printf("%d %s %d\n", name.sin_family, inet_ntoa(name.sin_addr), ntohs(name.sin_port));
    SHOW(getpeername(fds[i], (struct sockaddr *)&name, &len));
  }
}

CASE(names, after_the_peer_is_gone) {
  int fds[2];
  pair_of(fds);
  close(fds[1]);
  await(fds[0], POLLRDHUP);
  show_peer_name(fds[0]);
  shutdown(fds[0], SHUT_RDWR);
  await(fds[0], POLLHUP);
  quiet_moment();
  show_peer_name(fds[0]);
  show_own_name(fds[0]);
}

static uint16_t sum(const void *data, size_t len) {
  const uint16_t *words = data;
  uint32_t total = 0;
  for (size_t i = 0; i < len / 2; i++) total += words[i];
  total = (total >> 16) + (total & 0xffff);
  return (uint16_t)~(total + (total >> 16));
}

static struct icmphdr echo(void) {
  struct icmphdr header = {.type = ICMP_ECHO, .un.echo = {htons(77), htons(1)}};
  header.checksum = sum(&header, sizeof header);
  return header;
}

static void raw_ping(const char *ip) {
  unsigned char packet[100] = {0};
  struct icmphdr request = echo();
  struct sockaddr_in to = at(ip, 0);
  int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  set_timeout(fd, SO_RCVTIMEO, 2000);
  SHOW(sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&to, sizeof to));
  for (int i = 0; i < 5; i++) {
    long n = recv(fd, packet, sizeof packet, 0);
    show_result("recv", n);
    if (n < 28) break;
    printf("type %d proto %d\n", packet[20], packet[9]);
    if (packet[20] == 0) break;
  }
}
CASE(raw, ping_loopback) { raw_ping(LO); }
CASE(raw, ping_peer) { raw_ping(PEER); }

CASE(raw, connected_and_filtered) {
  int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  struct icmphdr request = echo();
  unsigned filter = ~(1u << ICMP_ECHOREPLY);
  SHOW(setsockopt(fd, SOL_RAW, 1 /* ICMP_FILTER */, &filter, sizeof filter));
  SHOW(dial(fd, PEER, 0));
  SHOW(send(fd, &request, sizeof request, 0));
  show_poll(fd, POLLIN);
  unsigned char packet[100];
  SHOW(recv(fd, packet, sizeof packet, MSG_DONTWAIT));
  SHOW(listen(fd, 1));
  SHOW(port_of(fd));
}

CASE(raw, with_a_header) {
  int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  SHOW(get_int(fd, IPPROTO_IP, IP_HDRINCL));
  SHOW(send(fd, "x", 1, 0));
  SHOW(send_to(fd, "short", PEER, 0));
  SHOW(recv(fd, &(char){0}, 1, MSG_DONTWAIT));
}

CASE(raw, datagram_ping) {
  int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  show_result("socket", fd < 0 ? -1 : 0);
  if (fd < 0) return;
  struct icmphdr request = echo(), answer = {0};
  struct sockaddr_in to = at(PEER, 0);
  set_timeout(fd, SO_RCVTIMEO, 2000);
  SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
  SHOW(sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&to, sizeof to));
  SHOW(recv(fd, &answer, sizeof answer, 0));
  SHOW(answer.type);
}
