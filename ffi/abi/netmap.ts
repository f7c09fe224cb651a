/**
 * netmap: requests, shared structures and flags (net/netmap.h of API 14, net/netmap_legacy.h).
 * Little endian, natural alignment.
 *
 * @module
 */

/** The oldest API that speaks NIOCCTRL; the kernel takes 14 and 15. */
export const NETMAP_API = 14;
/** What a module that only knows NIOCREGIF takes. */
export const NETMAP_LEGACY_API = 11;

export const NIOCCTRL = 0xc0586997;
export const NIOCREGIF = 0xc03c6992;
export const NIOCTXSYNC = 0x6994;
export const NIOCRXSYNC = 0x6995;

export const NETMAP_REQ_REGISTER = 1;
export const NETMAP_REQ_PORT_INFO_GET = 2;
export const NETMAP_REQ_VALE_ATTACH = 3;
export const NETMAP_REQ_VALE_DETACH = 4;
export const NETMAP_REQ_VALE_LIST = 5;
export const NETMAP_REQ_PORT_HDR_SET = 6;
export const NETMAP_REQ_PORT_HDR_GET = 7;

export const NR_REG_ALL_NIC = 1;
export const NR_REG_ONE_NIC = 4;

export const NR_EXCLUSIVE = 0x800;
/** We can read and write frames behind a virtio-net header. */
export const NR_ACCEPT_VNET_HDR = 0x8000;
/** poll(2) for reading does not sync the TX rings. */
export const NR_NO_TX_POLL = 0x20000;

/** In `nr_ringid` of the legacy request: one ring; no TX sync in poll(2). */
export const NETMAP_HW_RING = 0x4000;
export const NETMAP_NO_TX_POLL = 0x1000;

/** The buffer of the slot has been exchanged for another. */
export const NS_BUF_CHANGED = 0x01;
/** The frame goes on in the next slot. */
export const NS_MOREFRAG = 0x20;

/** A frame has at most so many pieces. */
export const NETMAP_MAX_FRAGS = 64;

/** struct nmreq_header */
export const NMREQ_HEADER = {
  LEN: 88,
  VERSION: 0,
  REQTYPE: 2,
  NAME: 8,
  OPTIONS: 72,
  BODY: 80,
} as const;
export const NETMAP_REQ_IFNAMSIZ = 64;

/** struct nmreq_register */
export const NMREQ_REGISTER = {
  LEN: 56,
  OFFSET: 0,
  MEMSIZE: 8,
  TX_SLOTS: 16,
  RX_SLOTS: 20,
  TX_RINGS: 24,
  RX_RINGS: 26,
  MEM_ID: 32,
  RINGID: 34,
  MODE: 36,
  FLAGS: 48,
} as const;

/** struct nmreq_port_info_get, struct nmreq_vale_attach, struct nmreq_vale_detach */
export const NMREQ_PORT_INFO_GET_LEN = 32;
export const NMREQ_VALE_ATTACH_LEN = 64;
export const NMREQ_VALE_DETACH_LEN = 8;

/**
 * struct nmreq_vale_list: the first port from switch SWITCH (16 bits) and its port PORT on, of all
 * switches; both are told, and its name in the header.
 */
export const NMREQ_VALE_LIST = { LEN: 8, SWITCH: 0, PORT: 4 } as const;

/** struct nmreq_port_hdr */
export const NMREQ_PORT_HDR = { LEN: 8, HDR_LEN: 0 } as const;

/** struct nmreq of NIOCREGIF. */
export const NMREQ = {
  LEN: 60,
  NAME: 0,
  VERSION: 16,
  OFFSET: 20,
  MEMSIZE: 24,
  RINGID: 40,
  MEM_ID: 46,
  FLAGS: 52,
} as const;

/** struct netmap_if; RING_OFS: int64 each: NIC TX, host TX, NIC RX, host RX rings. */
export const NETMAP_IF = {
  LEN: 56,
  TX_RINGS: 24,
  RX_RINGS: 28,
  HOST_TX_RINGS: 36,
  HOST_RX_RINGS: 40,
  RING_OFS: 56,
} as const;

/** struct netmap_ring */
export const NETMAP_RING = {
  LEN: 256,
  BUF_OFS: 0,
  NUM_SLOTS: 8,
  BUF_SIZE: 12,
  HEAD: 20,
  CUR: 24,
  TAIL: 28,
} as const;

/** struct netmap_slot */
export const NETMAP_SLOT = { LEN: 16, BUF_IDX: 0, BYTES: 4, FLAGS: 6 } as const;
