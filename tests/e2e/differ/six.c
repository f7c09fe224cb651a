/* IPv6: what the families have to do with each other, scopes, groups, options. */
#include "differ.h"

#include <net/if.h>

static struct sockaddr_in6 linked(const char *ip, int port, unsigned scope) {
  struct sockaddr_in6 name = at6(ip, port);
  name.sin6_scope_id = scope;
  return name;
}

static int bind6(int fd, struct sockaddr_in6 name) {
  return bind(fd, (struct sockaddr *)&name, sizeof name);
}

static int dial6(int fd, struct sockaddr_in6 name) {
  return connect(fd, (struct sockaddr *)&name, sizeof name);
}

/* What a socket may be bound to: family, V6ONLY, address. */
static const struct claim {
  int family, v6only;
  const char *ip;
} claims[] = {{AF_INET, 0, "0.0.0.0"},      {AF_INET, 0, LO},
              {AF_INET6, 0, "::"},          {AF_INET6, 1, "::"},
              {AF_INET6, 0, "::1"},         {AF_INET6, 0, "::ffff:127.0.0.1"},
              {AF_INET6, 0, "::ffff:0.0.0.0"}};
#define CLAIMS 7

static int claim(int type, const struct claim *c, int port, int reuse) {
  int fd = socket(c->family, type, 0);
  set_int(fd, SOL_SOCKET, reuse == 2 ? SO_REUSEPORT : SO_REUSEADDR, reuse != 0);
  if (c->family == AF_INET6) set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, c->v6only);
  struct sockaddr_in four = at(c->ip, port);
  int result = c->family == AF_INET ? bind(fd, (struct sockaddr *)&four, sizeof four)
                                    : bind6(fd, at6(c->ip, port));
  if (result == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static void show_conflicts(int type, int reuse) {
  for (int i = 0; i < CLAIMS; i++) {
    for (int k = 0; k < CLAIMS; k++) {
      int first = claim(type, &claims[i], 0, reuse);
      int second = claim(type, &claims[k], port_of(first), reuse);
      printf("%d %s then %d %s: ", i, claims[i].ip, k, claims[k].ip);
      show_result("bound", second < 0 ? -1 : 0);
      close(first);
      close(second);
    }
  }
}
CASE(six, conflicts_of_streams) { show_conflicts(SOCK_STREAM, 0); }
CASE(six, conflicts_of_datagrams) { show_conflicts(SOCK_DGRAM, 0); }
CASE(six, conflicts_with_reuseaddr) { show_conflicts(SOCK_STREAM, 1); }
CASE(six, conflicts_of_datagrams_with_reuseaddr) { show_conflicts(SOCK_DGRAM, 1); }
CASE(six, conflicts_with_reuseport) { show_conflicts(SOCK_STREAM, 2); }

CASE(six, listeners_of_both_families) {
  int six = claim(SOCK_STREAM, &claims[2], 0, 1);
  int four = claim(SOCK_STREAM, &claims[0], port_of(six), 1);
  SHOW(listen(six, 1));
  SHOW(listen(four, 1));
  int only = claim(SOCK_STREAM, &claims[3], 0, 1);
  int other = claim(SOCK_STREAM, &claims[0], port_of(only), 1);
  SHOW(listen(only, 1));
  SHOW(listen(other, 1));
}

CASE(six, only_ipv6) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  SHOW(get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  SHOW(dial6(fd, at6("::ffff:127.0.0.1", 9)));
  SHOW(bind6(fd, at6("::ffff:127.0.0.1", 0)));
  SHOW(bind6(fd, at6("::", 0)));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
  struct sockaddr_in6 name = at6("::ffff:127.0.0.1", 9);
  SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof name));
  fd = socket(AF_INET6, SOCK_STREAM, 0);
  set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  SHOW(dial6(fd, at6("::ffff:127.0.0.1", 9)));
}

/* Bound to the loopback, in any run. */
static int in_ipv4(int type) {
  int fd = socket(AF_INET, type, 0);
  struct sockaddr_in name = at(LO, 0);
  bind(fd, (struct sockaddr *)&name, sizeof name);
  return fd;
}

CASE(six, mapped_stream) {
  int four = in_ipv4(SOCK_STREAM);
  listen(four, 5);
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  SHOW(dial6(fd, at6("::ffff:127.0.0.1", port_of(four))));
  show_own_name(fd);
  show_peer_name(fd);
  int accepted = accept(four, NULL, NULL);
  show_peer_name(accepted);
  SHOW(set_int(fd, IPPROTO_IP, IP_TTL, 33));
  SHOW(get_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  SHOW(get_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM));
}

CASE(six, stream_of_a_dual_listener) {
  int listener = socket(AF_INET6, SOCK_STREAM, 0);
  SHOW(bind6(listener, at6("::", 0)));
  SHOW(listen(listener, 5));
  int fd = tcp();
  SHOW(dial(fd, LO, port_of(listener)));
  int accepted = accept(listener, NULL, NULL);
  show_own_name(accepted);
  show_peer_name(accepted);
  fd = socket(AF_INET6, SOCK_STREAM, 0);
  SHOW(dial6(fd, at6("::1", port_of(listener))));
  accepted = accept(listener, NULL, NULL);
  show_own_name(accepted);
  show_peer_name(accepted);
}

CASE(six, mapped_datagrams) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0), four = in_ipv4(SOCK_DGRAM);
  SHOW(bind6(fd, at6("::", 0)));
  struct sockaddr_in6 name = at6("::ffff:127.0.0.1", port_of(four));
  SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof name));
  show_recv(four, 0);
  struct sockaddr_in plain = at(LO, port_of(four));
  SHOW(sendto(fd, "y", 1, 0, (struct sockaddr *)&plain, sizeof plain));
  show_recv(four, 0);
  struct sockaddr_in back = at(LO, port_of(fd));
  SHOW(sendto(four, "back", 4, 0, (struct sockaddr *)&back, sizeof back));
  struct sockaddr_storage from = {0};
  socklen_t len = sizeof from;
  await(fd, POLLIN);
  SHOW(recvfrom(fd, &(char[8]){0}, 8, 0, (struct sockaddr *)&from, &len));
  show_address(&from);
  SHOW(connect(fd, (struct sockaddr *)&plain, sizeof plain));
  show_own_name(fd);
  show_peer_name(fd);
  SHOW(dial6(fd, at6("::1", 9)));
  show_own_name(fd);
}

CASE(six, lengths_of_names) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  struct sockaddr_in6 name = at6("::1", 9);
  for (socklen_t len = 0; len <= sizeof name; len += 4) {
    SHOW(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, len));
    SHOW(connect(socket(AF_INET6, SOCK_DGRAM, 0), (struct sockaddr *)&name, len));
    name.sin6_port = 0;
    SHOW(bind(socket(AF_INET6, SOCK_DGRAM, 0), (struct sockaddr *)&name, len));
    name.sin6_port = htons(9);
  }
}

CASE(six, scopes) {
  unsigned lo = if_nametoindex("lo"), va = if_nametoindex("va");
  unsigned scopes[] = {0, lo, va, 99};
  for (int i = 0; i < 4; i++) {
    SHOW(bind6(socket(AF_INET6, SOCK_DGRAM, 0), linked("fe80::1234", 0, scopes[i])));
    SHOW(bind6(socket(AF_INET6, SOCK_STREAM, 0), linked("fe80::1234", 0, scopes[i])));
    SHOW(bind6(socket(AF_INET6, SOCK_DGRAM, 0), linked("ff02::1", 0, scopes[i])));
    SHOW(bind6(socket(AF_INET6, SOCK_DGRAM, 0), linked("::1", 0, scopes[i])));
    SHOW(dial6(socket(AF_INET6, SOCK_DGRAM, 0), linked("::1", 9, scopes[i])));
    if (i == 1) continue; /* by the loopback: as the kernel's routes are */
    SHOW(dial6(socket(AF_INET6, SOCK_DGRAM, 0), linked("fe80::1234", 9, scopes[i])));
  }
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, (int)htonl(va)));
  SHOW(dial6(fd, linked("fe80::1234", 9, va)));
  SHOW(dial6(fd, linked("fe80::1234", 9, lo)));
}

static long join6(int fd, int name, const char *group, unsigned index) {
  struct ipv6_mreq request = {.ipv6mr_interface = index};
  inet_pton(AF_INET6, group, &request.ipv6mr_multiaddr);
  return setsockopt(fd, IPPROTO_IPV6, name, &request, sizeof request);
}

CASE(six, groups) {
  unsigned va = if_nametoindex("va");
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  SHOW(join6(fd, IPV6_ADD_MEMBERSHIP, "ff15::1:2", va));
  SHOW(join6(fd, IPV6_ADD_MEMBERSHIP, "ff15::1:2", va));
  SHOW(join6(fd, IPV6_ADD_MEMBERSHIP, "2001:db8::1", va));
  SHOW(join6(fd, IPV6_ADD_MEMBERSHIP, "ff15::1:3", 99));
  SHOW(join6(fd, IPV6_DROP_MEMBERSHIP, "ff15::1:2", va));
  SHOW(join6(fd, IPV6_DROP_MEMBERSHIP, "ff15::1:2", va));
  SHOW(join6(fd, IPV6_DROP_MEMBERSHIP, "ff15::1:2", 99));
  SHOW(join6(socket(AF_INET6, SOCK_STREAM, 0), IPV6_ADD_MEMBERSHIP, "ff15::1:2", va));
  struct group_source_req source = {.gsr_interface = va};
  *(struct sockaddr_in6 *)&source.gsr_group = at6("ff15::5", 0);
  *(struct sockaddr_in6 *)&source.gsr_source = at6("2001:db8::5", 0);
  SHOW(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &source, sizeof source));
  SHOW(setsockopt(fd, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &source, sizeof source));
  SHOW(setsockopt(fd, IPPROTO_IPV6, MCAST_BLOCK_SOURCE, &source, sizeof source));
  SHOW(setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, &source, sizeof source));
  SHOW(setsockopt(fd, IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP, &source, sizeof source));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)va));
  SHOW(set_int(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, 99));
}

/* What is sent to a group comes back, to whom it shall. */
CASE(six, group_heard) {
  unsigned va = if_nametoindex("va");
  int fd = socket(AF_INET6, SOCK_DGRAM, 0), other = socket(AF_INET6, SOCK_DGRAM, 0);
  SHOW(bind6(fd, at6("::", 0)));
  set_int(other, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)va);
  struct sockaddr_in6 to = at6("ff15::1:9", port_of(fd));
  SHOW(join6(fd, IPV6_ADD_MEMBERSHIP, "ff15::1:9", va));
  SHOW(sendto(other, "heard", 5, 0, (struct sockaddr *)&to, sizeof to));
  show_recv(fd, 0);
  SHOW(set_int(other, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0));
  SHOW(sendto(other, "not", 3, 0, (struct sockaddr *)&to, sizeof to));
  quiet_moment();
  SHOW(recv(fd, &(char){0}, 1, MSG_DONTWAIT));
}

CASE(six, refused) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  SHOW(dial6(fd, at6("::1", free_port())));
  SHOW(send(fd, "x", 1, 0));
  show_poll(fd, POLLERR);
  SHOW(so_error(fd));
  int stream = socket(AF_INET6, SOCK_STREAM, 0);
  SHOW(dial6(stream, at6("::1", free_port())));
  SHOW(dial6(stream, at6("2001:db8:ffff::1", 9)));
  SHOW(dial6(stream, at6("ff02::1", 9)));
}

CASE(six, ways) {
  const char *ips[] = {"::",        "::1",        SELF6,        PEER6,     "2001:db8:ffff::1",
                       "ff02::1", "ff15::1:2", "::ffff:0.0.0.0", "fec0::1"};
  for (int i = 0; i < 9; i++) {
    struct sockaddr_in6 to = at6(ips[i], 9);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    SHOW_AS(ips[i], sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to));
    SHOW_AS(ips[i], dial6(socket(AF_INET6, SOCK_DGRAM, 0), to));
  }
}
