/*
 * Asks the service to settle (settle.h).
 */
#include "settle.h"

#include "control.h"
#include "process.h"

atomic_uint settle_flags;

bool settle_wait(void) {
  struct control_request request = {.op = NUSE_OP_SETTLE};
  struct control_reply reply = {0};
  if (process_is_borrowed()) return false; /* the parent, whose memory it is, will ask */
  atomic_store_explicit(&settle_flags, 0, memory_order_relaxed);
  return control_call(&request, &reply) == 0;
}
