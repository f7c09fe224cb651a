/* What the C library says of the interfaces: getifaddrs(), if_nameindex() and the ioctls that it is
 * made of, as lines. The MAC address and the numbers are left out: they differ between machines. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *text(const struct sockaddr *name, char *to) {
  if (name == NULL || name->sa_family != AF_INET) return "-";
  return inet_ntop(AF_INET, &((const struct sockaddr_in *)name)->sin_addr, to, 32);
}

static void list_addresses(void) {
  struct ifaddrs *list;
  char address[32], netmask[32], broadcast[32];
  if (getifaddrs(&list) < 0) {
    printf("getifaddrs: %s\n", strerror(errno));
    return;
  }
  for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
    if (i->ifa_addr == NULL) continue;
    printf("%s family %d up %d %s %s %s\n", i->ifa_name, i->ifa_addr->sa_family,
           (i->ifa_flags & IFF_UP) != 0, text(i->ifa_addr, address), text(i->ifa_netmask, netmask),
           i->ifa_flags & IFF_BROADCAST ? text(i->ifa_broadaddr, broadcast) : "-");
  }
  freeifaddrs(list);
}

static void list_names(void) {
  struct if_nameindex *all = if_nameindex();
  char name[IF_NAMESIZE];
  for (struct if_nameindex *i = all; i != NULL && i->if_name != NULL; i++) {
    int is_same = if_nametoindex(i->if_name) == i->if_index &&
                  if_indextoname(i->if_index, name) != NULL && strcmp(name, i->if_name) == 0;
    printf("name %s %d\n", i->if_name, is_same);
  }
  if (all != NULL) if_freenameindex(all);
  unsigned none = if_nametoindex("none7");
  printf("no name: %u %d\n", none, errno);
}

static void list_configured(void) {
  struct ifreq rows[16];
  char address[32];
  struct ifconf conf = {.ifc_len = sizeof rows, .ifc_req = rows};
  int control = socket(AF_INET, SOCK_DGRAM, 0);
  int result = ioctl(control, SIOCGIFCONF, &conf);
  printf("SIOCGIFCONF: %d\n", result);
  for (int i = 0; result == 0 && i < conf.ifc_len / (int)sizeof *rows; i++) {
    printf("%s %s\n", rows[i].ifr_name, text(&rows[i].ifr_addr, address));
    if (ioctl(control, SIOCGIFMTU, &rows[i]) == 0) printf("mtu %d\n", rows[i].ifr_mtu);
  }
  close(control);
}

int main(void) {
  list_addresses();
  list_names();
  list_configured();
  return 0;
}
