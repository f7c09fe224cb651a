/* Names and options: what the program may learn of its sockets and interfaces. */
#include "check.h"

#include <ifaddrs.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netdb.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

CASE(names_of_sockets) {
  int fd = tcp(0);
  struct sockaddr_in name;
  socklen_t len = sizeof name;
  FAILS(ENOTCONN, getpeername(fd, (struct sockaddr *)&name, &len));
  CHECK(bind(fd, at(8080), AT_LEN) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)&name, &len) == 0 && len == sizeof name);
  CHECK(name.sin_family == AF_INET && name.sin_port == htons(8080));
  CHECK(connect(fd, at(PORT_ECHO), AT_LEN) == 0);
  CHECK(getpeername(fd, (struct sockaddr *)&name, &len) == 0);
  CHECK(name.sin_addr.s_addr == htonl(0xc6120001) && name.sin_port == htons(PORT_ECHO));
  len = 3;
  memset(&name, 0x77, sizeof name);
  CHECK(getsockname(fd, (struct sockaddr *)&name, &len) == 0 && len == sizeof name);
  CHECK(((uint8_t *)&name)[3] == 0x77);
  len = (socklen_t)-1;
  FAILS(EINVAL, getsockname(fd, (struct sockaddr *)&name, &len));
  FAILS(EFAULT, getsockname(fd, (struct sockaddr *)&name, NULL));
  int six = socket(AF_INET6, SOCK_STREAM, 0);
  struct sockaddr_in6 name6;
  len = sizeof name6;
  CHECK(getsockname(six, (struct sockaddr *)&name6, &len) == 0 && len == sizeof name6);
  CHECK(name6.sin6_family == AF_INET6);
}

CASE(bind_errors) {
  int fd = udp();
  FAILS(EACCES, bind(fd, at(1), AT_LEN));
  FAILS(EINVAL, bind(fd, at(1), 4000));
  FAILS(EFAULT, bind(fd, (const struct sockaddr *)8, AT_LEN));
  CHECK(bind(fd, at(2000), AT_LEN) == 0);
  struct sockaddr_un own = {.sun_family = AF_UNIX};
  int native = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(bind(native, (struct sockaddr *)&own, sizeof own.sun_family) == 0);
  CHECK(listen(native, 1) == 0);
}

CASE(options) {
  int fd = tcp(0);
  int value = 1;
  socklen_t len = sizeof value;
  char small[2] = {0x55, 0x55};
  CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value) == 0);
  value = 0;
  CHECK(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &len) == 0 && value == 1 && len == 4);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len) == 0 && value == SOCK_STREAM);
  len = 2;
  CHECK(getsockopt(fd, SOL_SOCKET, SO_TYPE, small, &len) == 0 && len == 2 && small[0] == 1);
  len = (socklen_t)-5;
  FAILS(EINVAL, getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
  FAILS(EFAULT, getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, NULL));
  len = 4;
  FAILS(EFAULT, getsockopt(fd, SOL_SOCKET, SO_TYPE, (void *)8, &len));
  FAILS(EFAULT, setsockopt(fd, SOL_SOCKET, SO_PRIORITY, (void *)8, 4));
  FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &value, 9000));
  FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &value, (socklen_t)-1));
  char credentials[12];
  len = sizeof credentials;
  FAILS(ENOPROTOOPT, getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, &len));
  struct timeval set = {1, 500000}, got;
  len = sizeof got;
  CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &set, sizeof set) == 0);
  CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len) == 0);
  CHECK(got.tv_sec == 1 && got.tv_usec == 500000);
}

CASE(socket_filter_is_flattened) {
  int fd = udp();
  struct sock_filter code[3] = {{6, 0, 0, 0xffff}, {6, 0, 0, 0}, {6, 0, 0, 1}};
  struct sock_fprog program = {3, code};
  CHECK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
  CHECK(fake_get(fd, FAKE_FILTER_LEN) == 24);
  FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, 4));
}

CASE(interfaces_by_getifaddrs) {
  struct ifaddrs *list;
  int links = 0, addresses = 0;
  CHECK(getifaddrs(&list) == 0);
  for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
    if (i->ifa_addr->sa_family == AF_PACKET) {
      struct sockaddr_ll *link = (struct sockaddr_ll *)i->ifa_addr;
      CHECK(link->sll_halen == 6 && link->sll_addr[0] == 2);
      links++;
    } else if (strcmp(i->ifa_name, "eth0") == 0) {
      struct sockaddr_in *addr = (struct sockaddr_in *)i->ifa_addr;
      CHECK(addr->sin_addr.s_addr == htonl(0xc6120002) && (i->ifa_flags & IFF_UP));
      addr = (struct sockaddr_in *)i->ifa_netmask;
      CHECK(addr->sin_addr.s_addr == htonl(0xffffff00));
      addr = (struct sockaddr_in *)i->ifa_broadaddr;
      CHECK(addr->sin_addr.s_addr == htonl(0xc61200ff));
      addresses++;
    } else {
      CHECK(strcmp(i->ifa_name, "lo") == 0 && i->ifa_broadaddr == NULL);
      addresses++;
    }
  }
  CHECK(links == 2 && addresses == 2);
  freeifaddrs(list);
}

CASE(addresses_of_our_families) {
  struct addrinfo hints = {.ai_flags = AI_ADDRCONFIG | AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
  struct addrinfo *found;
  CHECK(getaddrinfo("198.18.0.1", "69", &hints, &found) == 0 && found->ai_family == AF_INET);
  freeaddrinfo(found);
  CHECK(getaddrinfo("198.18.0.1", "69", NULL, &found) == 0);
  freeaddrinfo(found);
  hints.ai_family = AF_INET6;
  CHECK(getaddrinfo("2001:db8::1", "69", &hints, &found) == EAI_NONAME);
  hints.ai_flags = AI_NUMERICHOST;
  CHECK(getaddrinfo("2001:db8::1", "69", &hints, &found) == 0);
  freeaddrinfo(found);
}

CASE(interfaces_by_index) {
  char name[IF_NAMESIZE];
  CHECK(if_nametoindex("eth0") == 2 && if_nametoindex("lo") == 1);
  errno = 0;
  CHECK(if_nametoindex("eth") == 0 && errno == ENODEV);
  CHECK(if_indextoname(2, name) == name && strcmp(name, "eth0") == 0);
  CHECK(if_indextoname(3, name) == NULL && errno == ENXIO);
  struct if_nameindex *rows = if_nameindex();
  CHECK(rows != NULL && rows[0].if_index == 1 && strcmp(rows[1].if_name, "eth0") == 0);
  CHECK(rows[2].if_index == 0 && rows[2].if_name == NULL);
  if_freenameindex(rows);
}

CASE(interfaces_by_ioctl) {
  int fd = udp();
  struct ifreq rows[4], one = {.ifr_name = "eth0"};
  struct ifconf conf = {.ifc_len = 0, .ifc_buf = NULL};
  CHECK(ioctl(fd, SIOCGIFCONF, &conf) == 0 && conf.ifc_len == 2 * (int)sizeof rows[0]);
  conf = (struct ifconf){.ifc_len = sizeof rows, .ifc_req = rows};
  CHECK(ioctl(fd, SIOCGIFCONF, &conf) == 0 && conf.ifc_len == 2 * (int)sizeof rows[0]);
  CHECK(strcmp(rows[1].ifr_name, "eth0") == 0);
  CHECK(((struct sockaddr_in *)&rows[1].ifr_addr)->sin_addr.s_addr == htonl(0xc6120002));
  conf = (struct ifconf){.ifc_len = sizeof rows[0] + 3, .ifc_req = rows};
  CHECK(ioctl(fd, SIOCGIFCONF, &conf) == 0 && conf.ifc_len == sizeof rows[0]);
  CHECK(ioctl(fd, SIOCGIFINDEX, &one) == 0 && one.ifr_ifindex == 2);
  FAILS(EINVAL, ioctl(fd, SIOCSIFFLAGS, &one));
  FAILS(EFAULT, ioctl(fd, SIOCGIFINDEX, (void *)8));
}
