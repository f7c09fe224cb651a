/*
 * What the service is asked about one socket whatever the program calls.
 */
#ifndef NUSE_SOCKET_H
#define NUSE_SOCKET_H

#include "control.h"
#include "fd_table.h"

/* Asks the service anew; returns the state bits. */
uint32_t entry_refresh(int fd, struct fd_entry *e);
/* SO_ERROR, taken: positive errno or 0. */
int entry_take_error(int fd, struct fd_entry *e);
/* SO_ERROR of the pair itself, taken: POLLERR goes too. */
void pair_clear_error(int fd);
bool is_nonblocking(int fd);
void make_nonblocking(int fd);

#endif
