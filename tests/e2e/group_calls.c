/* calls.c's case about the source filters of multicast groups. */
#define _GNU_SOURCE
#include "program.h"

void filters(void);

/* A group's source filter, asked for in both forms, with room for two of its three sources. */
void filters(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  in_addr_t group = inet_addr("232.1.2.3"), lo = htonl(INADDR_LOOPBACK);
  for (uint32_t i = 1; i <= 3; i++) {
    struct ip_mreq_source one = {{group}, {lo}, {htonl(0xc6120000 + i)}};
    say("join", setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &one, sizeof one));
  }
  for (uint32_t room = 0; room <= 3; room++) {
    char buf[1024] = {0};
    struct ip_msfilter *old = (struct ip_msfilter *)buf;
    socklen_t len = IP_MSFILTER_SIZE(room);
    *old = (struct ip_msfilter){{group}, {lo}, 9, room, {{0}}};
    say("filter", getsockopt(fd, IPPROTO_IP, IP_MSFILTER, buf, &len));
    printf("%u: mode %u of %u", len, old->imsf_fmode, old->imsf_numsrc);
    for (uint32_t i = 0; i < room; i++) printf(" %s", inet_ntoa(old->imsf_slist[i]));
    struct group_filter *new = (struct group_filter *)buf;
    memset(buf, 0, sizeof buf);
    *new = (struct group_filter){.gf_interface = 1, .gf_numsrc = room};
    *(struct sockaddr_in *)&new->gf_group = (struct sockaddr_in){AF_INET, 0, {group}, {0}};
    len = GROUP_FILTER_SIZE(room);
    say("\nfilter", getsockopt(fd, IPPROTO_IP, MCAST_MSFILTER, buf, &len));
    printf("%u: mode %u of %u", len, new->gf_fmode, new->gf_numsrc);
    for (uint32_t i = 0; i < room; i++) {
      struct sockaddr_in *source = (struct sockaddr_in *)&new->gf_slist[i];
      printf(" %d %s", source->sin_family, inet_ntoa(source->sin_addr));
    }
    len = 15;
    say("\nshort", getsockopt(fd, IPPROTO_IP, IP_MSFILTER, buf, &len));
  }
  struct ip_msfilter other = {{inet_addr("232.1.2.4")}, {lo}, 0, 0, {{0}}};
  socklen_t len = IP_MSFILTER_SIZE(0);
  say("another group", getsockopt(fd, IPPROTO_IP, IP_MSFILTER, &other, &len));
  other.imsf_interface.s_addr = inet_addr("203.0.113.1");
  say("no interface", getsockopt(fd, IPPROTO_IP, IP_MSFILTER, &other, &len));
  say("a bad pointer", getsockopt(fd, IPPROTO_IP, IP_MSFILTER, (void *)8, &len));
}
