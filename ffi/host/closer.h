/* Between host.c and closer.c. */
#ifndef NUSE_CLOSER_H
#define NUSE_CLOSER_H

int nuse_close_later(int fd);

#endif
