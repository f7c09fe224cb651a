/*
 * Sockets that this process has registered with an epoll and that show more than their pair does.
 * What epoll gives does not say which descriptor it is about, but the program's own word for it:
 * that is kept for every socket, of its last registration.
 */
#ifndef NUSE_WATCHED_H
#define NUSE_WATCHED_H

#include "fd_table.h"

#define NOTED_MAX 256 /* sockets that may show more, at once */

/* Registered, or registered anew. */
void watched_note(int fd, struct fd_entry *e, int epoll_fd, uint32_t events, uint64_t data);
/* It may show more from now on, should it be registered. */
void watched_may_show(int fd, struct fd_entry *e);
/* The socket is not registered with it any more. */
void watched_end(struct fd_entry *e, int epoll_fd);
/* The number is closed, or becomes something else: if it was an epoll, that is over. */
void watched_epoll_gone(int epoll_fd);
/* The next one that may, above *at (first 0); -1: no more. */
int watched_next(int *at);
/* It shows no more than its pair. */
void watched_forget(int at);
/* The datagram socket with this word, or -1. */
int watched_datagram(uint64_t data);

#endif
