/*
 * Calls of our own that do not stop at the second door.
 */
#ifndef NUSE_MARKED_H
#define NUSE_MARKED_H

#include "real.h"

void mark_calls(struct real_table *table);

#endif
