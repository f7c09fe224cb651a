/*
 * getaddrinfo with AI_ADDRCONFIG: only addresses of the families that this machine has. libc finds
 * these out over a netlink socket of its own, which shows the host's interfaces; so the flag is
 * taken away and its work done here, by the stack's, the way glibc does it.
 */
#include "interfaces.h"

#include <netdb.h>

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

EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict result) {
  struct addrinfo own = {.ai_flags = DEFAULT_FLAGS};
  if (hints != NULL) own = *hints;
  bool is_ours = (own.ai_flags & AI_ADDRCONFIG) && shim_enabled() && !process_is_sandboxed();
  if (!is_ours) return real()->getaddrinfo(node, service, hints, result);
  return narrow(&own) ? real()->getaddrinfo(node, service, &own, result) : EAI_NONAME;
}
