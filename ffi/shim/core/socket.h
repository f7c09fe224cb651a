/*
 * What is asked of the service about one socket.
 */
#ifndef NUSE_SOCKET_H
#define NUSE_SOCKET_H

#include "control.h"
#include "fd_table.h"

/* A request about the entry's socket; keeps its cached state. The service does not know it:
 * -ENOTCONN (it has ended long ago), -ENOTSOCK (the number names something else now). */
long entry_call(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply);
/* The same for a request that waits. */
long entry_wait(int fd, struct fd_entry *e, struct control_request *request,
                struct control_reply *reply, int limit_ms);
/* Asks the service anew; returns the state bits. */
uint32_t entry_refresh(int fd, struct fd_entry *e);
/* SO_ERROR, taken: positive errno or 0. */
int entry_take_error(int fd, struct fd_entry *e);
/* SO_ERROR of the pair itself, taken: POLLERR goes too. */
void pair_clear_error(int fd);
void make_nonblocking(int fd);

#endif
