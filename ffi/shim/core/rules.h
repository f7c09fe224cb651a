/*
 * Which requests need no reply, by what the service has said in its answer to HELLO.
 */
#ifndef NUSE_RULES_H
#define NUSE_RULES_H

#include "control.h"

/* Keeps the rules that have come, `len` bytes. */
void rules_keep(const uint8_t *rules, size_t len);
/* False before the first connection: everything is asked. */
bool rules_known(void);
/* Such a socket is always granted: fills in what it is (a, b, c as in the reply to SOCKET). */
bool rules_grant(int domain, int type, int protocol, struct control_reply *who);
/* Every socket of this kind takes the option with this value. */
bool rules_post(int kind, int level, int name, int value);

#endif
