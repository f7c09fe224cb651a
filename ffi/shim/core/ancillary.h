/*
 * Control messages of recvmsg(), as they are put into the program's buffer.
 */
#ifndef NUSE_ANCILLARY_H
#define NUSE_ANCILLARY_H

#include "shim.h"

/* Appends one control message; `room` is the size of msg_control, msg_controllen what is used. */
void cmsg_put(struct msghdr *msg, size_t room, int level, int type, const void *data, size_t len);

#endif
