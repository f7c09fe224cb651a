/*
 * Addresses as the program sees them.
 */
#ifndef NUSE_SOCKADDR_H
#define NUSE_SOCKADDR_H

#include "shim.h"

/* Copies a sockaddr out as the kernel does: cut to *len, *len set to the true length. */
long sockaddr_out(const void *from, struct sockaddr *to, socklen_t *len);
/* Length of a sockaddr by its family; 0 for none. */
socklen_t sockaddr_len(const void *addr);

#endif
