/*
 * The header of a datagram on its pair, as a struct: NUSE_DGRAM_* of protocol.h.
 */
#ifndef NUSE_DATAGRAM_HEADER_H
#define NUSE_DATAGRAM_HEADER_H

#include <stddef.h>

#include "../protocol.h"

struct dgram_header {
  uint16_t magic, flags;
  uint32_t payload_len;
  uint16_t family, port;
  int32_t error; /* or how many were dropped before */
  uint8_t addr[16];
  uint8_t ttl, tos;
  uint16_t segment; /* or the port that it was sent to */
  uint32_t ifindex;
  uint8_t dst[16];
  uint64_t time_us; /* or the token */
  uint16_t gro_size, frag_size; /* or bytes of control messages behind the header */
  uint32_t extras;
};
#define NUSE_DGRAM_AT(field, off) \
  _Static_assert(offsetof(struct dgram_header, field) == (off), #field)
_Static_assert(sizeof(struct dgram_header) == NUSE_DGRAM_HEADER_LEN, "datagram header");
NUSE_DGRAM_AT(magic, NUSE_DGRAM_MAGIC_OFF);
NUSE_DGRAM_AT(flags, NUSE_DGRAM_FLAGS_OFF);
NUSE_DGRAM_AT(payload_len, NUSE_DGRAM_PAYLOAD_LEN_OFF);
NUSE_DGRAM_AT(family, NUSE_DGRAM_FAMILY_OFF);
NUSE_DGRAM_AT(port, NUSE_DGRAM_PORT_OFF);
NUSE_DGRAM_AT(error, NUSE_DGRAM_ERRNO_OFF);
NUSE_DGRAM_AT(addr, NUSE_DGRAM_ADDR_OFF);
NUSE_DGRAM_AT(ttl, NUSE_DGRAM_TTL_OFF);
NUSE_DGRAM_AT(tos, NUSE_DGRAM_TOS_OFF);
NUSE_DGRAM_AT(segment, NUSE_DGRAM_SEGMENT_OFF);
NUSE_DGRAM_AT(ifindex, NUSE_DGRAM_IFINDEX_OFF);
NUSE_DGRAM_AT(dst, NUSE_DGRAM_DST_OFF);
NUSE_DGRAM_AT(time_us, NUSE_DGRAM_TIME_OFF);
NUSE_DGRAM_AT(time_us, NUSE_DGRAM_TOKEN_OFF);
NUSE_DGRAM_AT(gro_size, NUSE_DGRAM_GRO_OFF);
NUSE_DGRAM_AT(frag_size, NUSE_DGRAM_FRAG_OFF);
NUSE_DGRAM_AT(extras, NUSE_DGRAM_EXTRAS_OFF);

#endif
