/*
 * getaddrinfo with AI_ADDRCONFIG: only addresses of the families that this machine has. libc finds
 * these out over a netlink socket of its own, which shows the host's interfaces; so the flag is
 * taken away and its work done here, by the stack's, the way glibc does it.
 *
 * A link's name behind an address ("fe80::1%eth0") libc would look up by a call of its own, too: it
 * gets the number instead.
 */
#include "interfaces.h"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../core/process.h"
#include "../core/real.h"

/* What glibc takes when there are no hints. */
#define DEFAULT_FLAGS (AI_V4MAPPED | AI_ADDRCONFIG)

/* Narrows `hints` down; false: no address can be of use. */
static bool narrow(struct addrinfo *hints) {
  bool has_v4, has_v6;
  if (!interfaces_families(&has_v4, &has_v6)) return true;
  hints->ai_flags &= ~AI_ADDRCONFIG;
  if (hints->ai_family == AF_INET) return has_v4;
  if (hints->ai_family == AF_INET6) return has_v6;
  if (hints->ai_family == AF_UNSPEC && has_v4 != has_v6) {
    hints->ai_family = has_v4 ? AF_INET : AF_INET6;
  }
  return true;
}

/* `node` with the number of the link that it names, in `room`; else `node`. */
static const char *with_number(const char *node, char *room, size_t size) {
  const char *percent = node == NULL ? NULL : strchr(node, '%');
  if (percent == NULL || strchr(node, ':') == NULL) return node;
  unsigned index = if_nametoindex(percent + 1);
  if (index == 0) return node;
  int len = snprintf(room, size, "%.*s%%%u", (int)(percent - node), node, index);
  return len > 0 && (size_t)len < size ? room : node;
}

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict result) {
  struct addrinfo own = {.ai_flags = DEFAULT_FLAGS};
  if (hints != NULL) own = *hints;
  char room[INET6_ADDRSTRLEN + IF_NAMESIZE];
  bool is_served = shim_enabled() && !process_is_sandboxed();
  if (is_served) node = with_number(node, room, sizeof room);
  if (!is_served || !(own.ai_flags & AI_ADDRCONFIG)) {
    return real()->getaddrinfo(node, service, hints, result);
  }
  return narrow(&own) ? real()->getaddrinfo(node, service, &own, result) : EAI_NONAME;
}
