/*
 * The stack's interfaces.
 */
#ifndef NUSE_INTERFACES_H
#define NUSE_INTERFACES_H

#include "../core/shim.h"

/* SIOCGIFCONF: `ifconf` is the program's struct ifconf. */
long interfaces_ifconf(void *ifconf);

#endif
