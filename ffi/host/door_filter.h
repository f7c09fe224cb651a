/* Between child.c, view.c and door_filter.c. */
#ifndef NUSE_DOOR_FILTER_H
#define NUSE_DOOR_FILTER_H

#include <stdint.h>

/* What a descriptor is of that is handed over; the twin is io/app/door/arrival.ts. */
#define DOOR_NEWS_CALLS 0
#define DOOR_NEWS_VIEW 1
#define DOOR_NEWS_UNIX 2

int door_hand_over(int door, int fd, char news, uint64_t mark);

/* Between fork and exec. `mark`: NUSE_DOOR_MARK. */
int door_install(int door, uint64_t mark);

#endif
