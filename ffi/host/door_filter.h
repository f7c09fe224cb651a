/* Between child.c and door_filter.c. */
#ifndef NUSE_DOOR_FILTER_H
#define NUSE_DOOR_FILTER_H

#include <stdint.h>

/* Between fork and exec. `mark`: NUSE_DOOR_MARK. */
int door_install(int door, uint64_t mark);

#endif
