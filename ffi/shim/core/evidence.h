/*
 * What this process may do, as the kernel sees it.
 */
#ifndef NUSE_EVIDENCE_H
#define NUSE_EVIDENCE_H

#include "control.h"

/* Each adds a descriptor to what goes along with `request`, if the kernel gives one; evidence_close
 * closes it again, when the request has been sent. */
void evidence_of_raw(struct control_request *request);
void evidence_of_port(struct control_request *request, int port); /* 1 to 1023 */
void evidence_of_admin(struct control_request *request);
void evidence_close(const struct control_request *request);

#endif
