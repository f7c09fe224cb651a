/*
 * Interfaces: the program sees the stack's, not the host's. getifaddrs, the if_ family and
 * SIOCGIFCONF are all made from one packed list (IFADDRS in protocol.h).
 */
#include "interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>

#include "../core/control.h"
#include "../core/memory.h"
#include "../core/real.h"
#include "../core/sockaddr.h"

_Static_assert(NUSE_IF_LEN == NUSE_IF_BROADCAST_OFF + NUSE_SOCKADDR_LEN, "interface entry");

struct if_list {
  uint8_t bytes[NUSE_DATA_MAX];
  size_t count;
};

static long fetch(struct if_list *list) {
  struct control_request request = {.op = NUSE_OP_IFADDRS};
  struct control_reply reply = {.data = list->bytes, .data_cap = sizeof list->bytes};
  long result = control_call(&request, &reply);
  if (result < 0) return result;
  size_t len = reply.data_len < sizeof list->bytes ? reply.data_len : sizeof list->bytes;
  list->count = len / NUSE_IF_LEN;
  return 0;
}

static const uint8_t *entry_of(const struct if_list *list, size_t i) {
  return list->bytes + i * NUSE_IF_LEN;
}

static uint32_t word_at(const uint8_t *entry, size_t off) {
  uint32_t value;
  memcpy(&value, entry + off, sizeof value);
  return value;
}

static uint16_t half_at(const uint8_t *entry, size_t off) {
  uint16_t value;
  memcpy(&value, entry + off, sizeof value);
  return value;
}

static const char *name_of(const uint8_t *entry) { return (const char *)entry + NUSE_IF_NAME_OFF; }

static bool has_name(const uint8_t *entry, const char *name) {
  return strncmp(name_of(entry), name, IF_NAMESIZE) == 0;
}

/* ---- getifaddrs: one block, list nodes and what they point to together ---- */

struct node {
  struct ifaddrs head;
  char name[IF_NAMESIZE];
  union {
    struct sockaddr any;
    struct sockaddr_in6 v6;
    struct sockaddr_ll link;
  } addr, netmask, broadcast;
};

static void link_address(struct sockaddr_ll *to, const uint8_t *entry) {
  size_t len = word_at(entry, NUSE_IF_HWADDR_LEN_OFF);
  to->sll_family = AF_PACKET;
  to->sll_ifindex = (int)word_at(entry, NUSE_IF_INDEX_OFF);
  to->sll_hatype = half_at(entry, NUSE_IF_HWTYPE_OFF);
  to->sll_halen = (uint8_t)(len < 8 ? len : 8);
  memcpy(to->sll_addr, entry + NUSE_IF_HWADDR_OFF, to->sll_halen);
}

static struct sockaddr *address_at(struct sockaddr *to, const uint8_t *from) {
  socklen_t len = sockaddr_len(from);
  if (len == 0) return NULL;
  memcpy(to, from, len);
  return to;
}

static void fill_node(struct node *n, const uint8_t *entry) {
  memcpy(n->name, name_of(entry), IF_NAMESIZE - 1);
  n->head.ifa_name = n->name;
  n->head.ifa_flags = word_at(entry, NUSE_IF_FLAGS_OFF);
  if (half_at(entry, NUSE_IF_FAMILY_OFF) == AF_PACKET) {
    link_address(&n->addr.link, entry);
    link_address(&n->broadcast.link, entry);
    memset(n->broadcast.link.sll_addr, 0xff, n->broadcast.link.sll_halen);
    n->head.ifa_addr = &n->addr.any;
    n->head.ifa_broadaddr = &n->broadcast.any;
    return;
  }
  n->head.ifa_addr = address_at(&n->addr.any, entry + NUSE_IF_ADDR_OFF);
  n->head.ifa_netmask = address_at(&n->netmask.any, entry + NUSE_IF_NETMASK_OFF);
  n->head.ifa_broadaddr = address_at(&n->broadcast.any, entry + NUSE_IF_BROADCAST_OFF);
}

static long getifaddrs_nuse(struct ifaddrs **out) {
  struct if_list list;
  long result = fetch(&list);
  if (result < 0) return result;
  *out = NULL;
  if (list.count == 0) return 0;
  struct node *nodes = calloc(list.count, sizeof *nodes);
  if (nodes == NULL) return -ENOMEM;
  for (size_t i = 0; i < list.count; i++) {
    fill_node(&nodes[i], entry_of(&list, i));
    nodes[i].head.ifa_next = i + 1 < list.count ? &nodes[i + 1].head : NULL;
  }
  *out = &nodes[0].head;
  return 0;
}

EXPORT int getifaddrs(struct ifaddrs **out) {
  int saved = errno;
  if (!shim_enabled()) return real()->getifaddrs(out);
  return (int)shim_return(getifaddrs_nuse(out), saved);
}

EXPORT void freeifaddrs(struct ifaddrs *list) {
  if (shim_enabled()) {
    free(list);
  } else {
    real()->freeifaddrs(list);
  }
}

/* ---- if_nametoindex and its family ---- */

EXPORT unsigned if_nametoindex(const char *name) {
  int saved = errno;
  struct if_list list;
  if (!shim_enabled()) return real()->if_nametoindex(name);
  long result = fetch(&list);
  for (size_t i = 0; result == 0 && i < list.count; i++) {
    const uint8_t *entry = entry_of(&list, i);
    if (has_name(entry, name)) return word_at(entry, NUSE_IF_INDEX_OFF);
  }
  shim_return(result < 0 ? result : -ENODEV, saved);
  return 0;
}

EXPORT char *if_indextoname(unsigned index, char name[IF_NAMESIZE]) {
  int saved = errno;
  struct if_list list;
  if (!shim_enabled()) return real()->if_indextoname(index, name);
  long result = fetch(&list);
  for (size_t i = 0; result == 0 && i < list.count; i++) {
    const uint8_t *entry = entry_of(&list, i);
    if (word_at(entry, NUSE_IF_INDEX_OFF) != index) continue;
    memcpy(name, name_of(entry), IF_NAMESIZE);
    return name;
  }
  shim_return(result < 0 ? result : -ENXIO, saved);
  return NULL;
}

EXPORT struct if_nameindex *if_nameindex(void) {
  int saved = errno;
  struct if_list list;
  size_t used = 0;
  if (!shim_enabled()) return real()->if_nameindex();
  long result = fetch(&list);
  if (result < 0) {
    shim_return(result, saved);
    return NULL;
  }
  struct if_nameindex *rows =
      calloc(1, (list.count + 1) * sizeof *rows + list.count * IF_NAMESIZE);
  if (rows == NULL) return NULL;
  char *names = (char *)(rows + list.count + 1);
  for (size_t i = 0; i < list.count; i++) {
    const uint8_t *entry = entry_of(&list, i);
    if (half_at(entry, NUSE_IF_FAMILY_OFF) != AF_PACKET) continue;
    rows[used].if_index = word_at(entry, NUSE_IF_INDEX_OFF);
    rows[used].if_name = names + used * IF_NAMESIZE;
    memcpy(rows[used].if_name, name_of(entry), IF_NAMESIZE - 1);
    used++;
  }
  errno = saved;
  return rows;
}

EXPORT void if_freenameindex(struct if_nameindex *rows) {
  if (shim_enabled()) {
    free(rows);
  } else {
    real()->if_freenameindex(rows);
  }
}

/* ---- SIOCGIFCONF: IPv4 addresses only, as many as there is room for ---- */

long interfaces_ifconf(void *argument) {
  struct ifconf conf;
  struct if_list list;
  size_t used = 0;
  if (copy_in(&conf, argument, sizeof conf) < 0) return -EFAULT;
  long result = fetch(&list);
  if (result < 0) return result;
  size_t room = conf.ifc_buf == NULL || conf.ifc_len < 0 ? 0 : (size_t)conf.ifc_len;
  for (size_t i = 0; i < list.count; i++) {
    const uint8_t *entry = entry_of(&list, i);
    struct ifreq row = {0};
    if (half_at(entry, NUSE_IF_FAMILY_OFF) != AF_INET) continue;
    if (conf.ifc_buf != NULL && room < used + sizeof row) break;
    memcpy(row.ifr_name, name_of(entry), IF_NAMESIZE - 1);
    memcpy(&row.ifr_addr, entry + NUSE_IF_ADDR_OFF, sizeof(struct sockaddr_in));
    if (conf.ifc_buf != NULL && copy_out(conf.ifc_buf + used, &row, sizeof row) < 0) return -EFAULT;
    used += sizeof row;
  }
  conf.ifc_len = (int)used;
  return copy_out(argument, &conf, sizeof conf);
}

/* ---- which families there are ---- */

bool interfaces_families(bool *has_v4, bool *has_v6) {
  struct if_list list;
  *has_v4 = *has_v6 = false;
  if (fetch(&list) < 0) return false;
  for (size_t i = 0; i < list.count; i++) {
    const uint8_t *entry = entry_of(&list, i);
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, entry + NUSE_IF_ADDR_OFF, sizeof v4);
    memcpy(&v6, entry + NUSE_IF_ADDR_OFF, sizeof v6);
    if (v4.sin_family == AF_INET && v4.sin_addr.s_addr != htonl(INADDR_LOOPBACK)) *has_v4 = true;
    if (v6.sin6_family == AF_INET6 && !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) *has_v6 = true;
  }
  return true;
}
