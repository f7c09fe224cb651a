/*
 * The stack's interfaces.
 */
#ifndef NUSE_INTERFACES_H
#define NUSE_INTERFACES_H

#include "../core/shim.h"

/* SIOCGIFCONF: `ifconf` is the program's struct ifconf. */
long interfaces_ifconf(void *ifconf);
/* Has an interface an address of the family, besides 127.0.0.1 and ::1? False: not known. */
bool interfaces_families(bool *has_v4, bool *has_v6);

#endif
