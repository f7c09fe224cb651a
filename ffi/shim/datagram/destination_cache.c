/*
 * Verdicts on destinations. The pair carries datagrams one way: a send to an unreachable
 * address would succeed and the error come later, while in the kernel sendto() itself fails. So
 * the first datagram to an address asks the service (CHECK), and so does one longer than any
 * checked before (EMSGSIZE).
 *
 * Verdicts "yes" are kept in one table for the process, one 64-bit word each, four to a set, so
 * that a server with thousands of clients asks once per client: 47 bits of a hash of (socket,
 * its epoch, address), one that tells that the address is the stack's own, 16 bits for the longest
 * payload that passed. Changing the socket bumps its epoch. A collision in 47 bits costs no more
 * than an error reported late.
 */
#include "datagram.h"

#include <netinet/in.h>
#include <string.h>

#include "../core/evidence.h"
#include "../core/socket.h"

#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif

#define SETS 2048
#define WAYS 4
#define LEN_MASK 0xffffu
#define IS_LOCAL 0x10000u
#define KEY_MASK (~(uint64_t)(LEN_MASK | IS_LOCAL))
#define SAFE_LEN 548 /* what any link carries unfragmented (RFC 1122 3.3.2), less headers */

static _Atomic uint64_t verdicts[SETS][WAYS];

/* The finaliser of MurmurHash3: every input bit reaches every output bit. */
static uint64_t mix(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdu;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53u;
  return x ^ x >> 33;
}

/* `h` without an address: the connected peer. */
static uint64_t verdict_key(const struct fd_entry *e, const struct dgram_header *h) {
  uint64_t halves[2];
  unsigned epoch = atomic_load_explicit(&e->epoch, memory_order_relaxed);
  memcpy(halves, h->addr, sizeof halves);
  uint64_t key = mix(entry_cookie(e) ^ (uint64_t)epoch << 40);
  key = mix(key ^ halves[0]);
  key = mix(key ^ halves[1]);
  if (h->flags & NUSE_DGRAM_HAS_PKTINFO) {
    memcpy(halves, h->dst, sizeof halves);
    key = mix(mix(key ^ halves[0]) ^ halves[1] ^ NUSE_DGRAM_HAS_PKTINFO);
  }
  return mix(key ^ (uint64_t)h->family << 32 ^ h->ifindex) & KEY_MASK;
}

/* Where the verdict is kept, or where it shall be: in place of any other. */
static _Atomic uint64_t *verdict_slot(uint64_t key) {
  _Atomic uint64_t *set = verdicts[key >> 53 & (SETS - 1)];
  for (int way = 0; way < WAYS; way++) {
    uint64_t kept = atomic_load_explicit(&set[way], memory_order_relaxed);
    if ((kept & KEY_MASK) == key || kept == 0) return &set[way];
  }
  return &set[key >> 16 & (WAYS - 1)];
}

void destination_forget(struct fd_entry *e) {
  atomic_fetch_add_explicit(&e->epoch, 1, memory_order_relaxed);
}

void destination_trust_peer(struct fd_entry *e, bool is_local) {
  const struct dgram_header peer = {0};
  uint64_t key = verdict_key(e, &peer);
  uint64_t verdict = key | SAFE_LEN | (is_local ? IS_LOCAL : 0);
  atomic_store_explicit(verdict_slot(key), verdict, memory_order_relaxed);
}

/* Headers of the program's own making take a privilege. */
static bool takes_raw(const struct dgram_head *head) {
  struct msghdr view = {.msg_control = (void *)head->extras, .msg_controllen = head->h.gro_size};
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&view); c != NULL; c = CMSG_NXTHDR(&view, c)) {
    bool is_flow = c->cmsg_type == IPV6_FLOWINFO || c->cmsg_type == IPV6_FLOWINFO_SEND;
    if (c->cmsg_level == IPPROTO_IP || (!is_flow && c->cmsg_type != IPV6_DONTFRAG)) return true;
  }
  return false;
}

/* The service looks at the whole header, and at what follows it. */
static long check_whole(int fd, struct fd_entry *e, const struct dgram_head *head, size_t len,
                        struct control_reply *reply) {
  bool has_extras = (head->h.flags & NUSE_DGRAM_HAS_EXTRAS) != 0;
  struct control_request request = {
      .op = NUSE_OP_CHECK, .a = (int)len, .b = 1, .data = head,
      .data_len = sizeof head->h + (has_extras ? head->h.gro_size : 0)};
  if (has_extras && takes_raw(head)) evidence_of_raw(&request);
  long result = entry_call(fd, e, &request, reply);
  evidence_close(&request);
  return result;
}

long destination_check(int fd, struct fd_entry *e, const struct dgram_head *head, const void *name,
                       socklen_t name_len, size_t len, bool *is_local) {
  const struct dgram_header *h = &head->h;
  uint64_t key = verdict_key(e, h);
  _Atomic uint64_t *slot = verdict_slot(key);
  uint64_t kept = atomic_load_explicit(slot, memory_order_relaxed);
  bool named = (h->flags & NUSE_DGRAM_HAS_ADDR) != 0;
  bool has_extras = (h->flags & NUSE_DGRAM_HAS_EXTRAS) != 0;
  bool is_same = (kept & KEY_MASK) == key && !has_extras;
  bool needs_port = entry_protocol(e) == IPPROTO_UDP && named && h->port == 0;
  *is_local = is_same && (kept & IS_LOCAL);
  if (is_same && len <= (kept & LEN_MASK) && !needs_port) return 0;
  struct control_request request = {
      .op = NUSE_OP_CHECK, .a = (int)len, .data = name, .data_len = name_len};
  struct control_reply reply = {0};
  bool is_whole = has_extras || (h->flags & NUSE_DGRAM_HAS_PKTINFO);
  long result = is_whole ? check_whole(fd, e, head, len, &reply)
                         : entry_call(fd, e, &request, &reply);
  if (result < 0) return result;
  *is_local = reply.c != 0;
  if (len <= LEN_MASK && !has_extras) {
    uint64_t verdict = key | len | (*is_local ? IS_LOCAL : 0);
    atomic_store_explicit(slot, verdict, memory_order_relaxed);
  }
  return 0;
}
