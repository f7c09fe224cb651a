/*
 * Addresses as the program sees them.
 */
#ifndef NUSE_SOCKADDR_H
#define NUSE_SOCKADDR_H

#include "shim.h"

/* Copies a sockaddr out as the kernel does: cut to *len, *len set to the true length. 0, -EFAULT,
 * -EINVAL. */
long sockaddr_out(const void *from, struct sockaddr *to, socklen_t *len);
/* v4-mapped addresses (RFC 3493 3.7): ::ffff:a.b.c.d. */
bool is_v4_mapped(const uint8_t addr[16]);
void map_v4(const uint8_t v4[4], uint8_t out[16]);
/* Length of a sockaddr by its family; 0 for none. */
socklen_t sockaddr_len(const void *addr);

#endif
