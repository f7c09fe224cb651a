/**
 * What ss asks for (linux/sock_diag.h, linux/inet_diag.h): the numbers, and the layouts of requests
 * and answers.
 *
 * @module
 */

export const SOCK_DIAG_BY_FAMILY = 20;
export const SOCK_DESTROY = 21;

/** struct inet_diag_sockid: ports and addresses in network order. */
export const SOCKID = {
  LEN: 48,
  SPORT: 0,
  DPORT: 2,
  SRC: 4,
  DST: 20,
  IF: 36,
  COOKIE: 40,
} as const;

/** struct inet_diag_req_v2, and the attributes that follow it. */
export const DIAG_REQ = { LEN: 56, FAMILY: 0, PROTOCOL: 1, EXT: 2, STATES: 4, ID: 8 } as const;
export const INET_DIAG_REQ_BYTECODE = 1;
export const INET_DIAG_REQ_PROTOCOL = 3;

/** Attributes of an answer; bit n - 1 of a request's `ext` asks for attribute n. */
export const INET_DIAG = {
  MEMINFO: 1,
  INFO: 2,
  CONG: 4,
  TOS: 5,
  SKMEMINFO: 7,
  SHUTDOWN: 8,
  SKV6ONLY: 11,
} as const;

/** INET_DIAG_BC_*: struct inet_diag_bc_op is a code, and how far to go on a yes and on a no. */
export const BC = {
  OP_LEN: 4,
  NOP: 0,
  JMP: 1,
  S_GE: 2,
  S_LE: 3,
  D_GE: 4,
  D_LE: 5,
  AUTO: 6,
  S_COND: 7,
  D_COND: 8,
  DEV_COND: 9,
  MARK_COND: 10,
  S_EQ: 11,
  D_EQ: 12,
} as const;
/** struct inet_diag_hostcond */
export const HOSTCOND = { FAMILY: 0, PREFIX_LEN: 1, PORT: 4, ADDR: 8 } as const;
