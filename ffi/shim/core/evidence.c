/*
 * Privileges of the stack are the kernel's: whoever asks for a raw socket, a port below 1024 or an
 * option of an administrator has the kernel do the like for him, in the program's own (empty)
 * network namespace, and passes the socket that this gives. Only the kernel can have given it; so
 * capabilities, user namespaces, ip_unprivileged_port_start and security modules count as they
 * count for the thread that asks, at that moment. io/app/endpoint/privilege.ts looks at it.
 */
#include "evidence.h"

#include <netinet/in.h>

#include "real.h"

#define PORT_TRIES 16
#define OUR_LOOPBACK 0x7f6e7573 /* 127.110.117.115: nobody else's in there */

/* In a sandbox with a filter there is none: the calls that it takes would kill the program. */
static bool is_possible(void) { return !atomic_load(&sandbox_has_filter); }

static void add(struct control_request *request, int fd) {
  if (fd >= 0) request->passed[request->passed_count++] = fd;
}

void evidence_of_raw(struct control_request *request) {
  if (!is_possible()) return;
  add(request, real()->socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
}

/* A lower port is as good, if this one is taken: by another thread that does the same. */
void evidence_of_port(struct control_request *request, int port) {
  if (!is_possible()) return;
  int fd = real()->socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0) return;
  real()->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  for (int i = 0; i < PORT_TRIES && port - i > 0; i++) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(port - i)),
                               .sin_addr = {htonl(OUR_LOOPBACK)}};
    int result = real()->bind(fd, (struct sockaddr *)&name, sizeof name);
    if (result == 0) {
      add(request, fd);
      return;
    }
    if (errno != EADDRINUSE) break;
  }
  real()->close(fd);
}

/* SO_MARK takes CAP_NET_RAW or CAP_NET_ADMIN over the network, SO_DEBUG the latter over all. */
void evidence_of_admin(struct control_request *request) {
  if (!is_possible()) return;
  int fd = real()->socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0) return;
  bool may_mark = real()->setsockopt(fd, SOL_SOCKET, SO_MARK, &on, sizeof on) == 0;
  bool may_debug = real()->setsockopt(fd, SOL_SOCKET, SO_DEBUG, &on, sizeof on) == 0;
  if (may_mark || may_debug) add(request, fd);
  else real()->close(fd);
}

void evidence_close(const struct control_request *request) {
  for (int i = 0; i < request->passed_count; i++) real()->close(request->passed[i]);
}
