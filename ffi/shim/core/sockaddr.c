/*
 * Addresses as the program sees them: cut to its buffer, the true length told.
 */
#include "sockaddr.h"

#include <netinet/in.h>
#include <string.h>

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
  if (to == NULL) return 0;
  if (len == NULL) return -EFAULT;
  if ((int)*len < 0) return -EINVAL;
  memcpy(to, from, *len < true_len ? *len : true_len);
  *len = true_len;
  return 0;
}
