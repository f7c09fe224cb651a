/*
 * The rules of HELLO. A few, looked through from the first on: they are asked for by socket() and
 * setsockopt() only. What one process has been told holds for its forks.
 */
#include "rules.h"

#include <string.h>

struct rule {
  int32_t op, a, b, c, d, e;
};
_Static_assert(sizeof(struct rule) == NUSE_RULE_LEN, "rule");
_Static_assert(offsetof(struct rule, e) == NUSE_RULE_E_OFF, "rule");

static struct rule rules[NUSE_RULE_MAX];
static atomic_int rule_count;

/* Under the lock. Every connection is told the same: only the first time counts. */
void rules_keep(const uint8_t *from, size_t len) {
  size_t count = len / sizeof rules[0];
  if (rules_known() || count > NUSE_RULE_MAX) return;
  memcpy(rules, from, count * sizeof rules[0]);
  atomic_store_explicit(&rule_count, (int)count, memory_order_release);
}

bool rules_known(void) { return atomic_load_explicit(&rule_count, memory_order_acquire) > 0; }

static const struct rule *find(int op, int a, int b, int c) {
  int count = atomic_load_explicit(&rule_count, memory_order_acquire);
  for (int i = 0; i < count; i++) {
    const struct rule *r = &rules[i];
    if (r->op == op && r->a == a && r->b == b && r->c == c) return r;
  }
  return NULL;
}

bool rules_grant(int domain, int type, int protocol, struct control_reply *who) {
  const struct rule *r = find(NUSE_OP_OPEN, domain, type, protocol);
  if (r == NULL) return false;
  who->a = type == SOCK_STREAM ? NUSE_KIND_STREAM : NUSE_KIND_DATAGRAM;
  who->b = domain;
  who->c = type | r->d << 8;
  return true;
}

bool rules_post(int kind, int level, int name, int value) {
  const struct rule *r = find(NUSE_OP_POST_SETOPT, kind, level, name);
  return r != NULL && value >= r->d && value <= r->e;
}
