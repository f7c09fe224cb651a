/*
 * Addresses as the program sees them: cut to its buffer, the true length told; IPv4 in IPv6.
 */
#include "sockaddr.h"

#include <netinet/in.h>
#include <string.h>

#include "memory.h"

socklen_t sockaddr_len(const void *addr) {
  switch (((const struct sockaddr *)addr)->sa_family) {
    case AF_INET:
      return sizeof(struct sockaddr_in);
    case AF_INET6:
      return sizeof(struct sockaddr_in6);
    default:
      return 0;
  }
}

long sockaddr_out(const void *from, struct sockaddr *to, socklen_t *len) {
  socklen_t true_len = sockaddr_len(from);
  socklen_t room;
  if (copy_in(&room, len, sizeof room) < 0) return -EFAULT;
  if ((int)room < 0) return -EINVAL;
  if (copy_out(len, &true_len, sizeof true_len) < 0) return -EFAULT;
  return copy_out(to, from, room < true_len ? room : true_len);
}

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool is_v4_mapped(const uint8_t addr[16]) {
  return memcmp(addr, mapped_prefix, sizeof mapped_prefix) == 0;
}

void map_v4(const uint8_t v4[4], uint8_t out[16]) {
  memcpy(out, mapped_prefix, sizeof mapped_prefix);
  memcpy(out + sizeof mapped_prefix, v4, 4);
}
