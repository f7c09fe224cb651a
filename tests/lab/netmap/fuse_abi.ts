/** FUSE: what /dev/fuse reads and writes (linux/fuse.h, protocol 7.40). @module */

export const FUSE_KERNEL_VERSION = 7;
/** The first with files that are passed through to others. */
export const FUSE_PASSTHROUGH_MINOR = 40;
/** `flags2` counts. */
export const FUSE_INIT_EXT = 0x40000000;
/** In `flags2` (bit 37 of both). */
export const FUSE_PASSTHROUGH = 1 << 5;
export const FOPEN_PASSTHROUGH = 1 << 7;
export const FUSE_POLL_SCHEDULE_NOTIFY = 1;
export const FUSE_NOTIFY_POLL = 1;
export const FUSE_DEV_IOC_BACKING_OPEN = 0x4010e501;
export const FUSE_ROOT_ID = 1;

export const enum FuseOp {
  LOOKUP = 1,
  FORGET = 2,
  GETATTR = 3,
  OPEN = 14,
  RELEASE = 18,
  FLUSH = 25,
  INIT = 26,
  INTERRUPT = 36,
  IOCTL = 39,
  POLL = 40,
  BATCH_FORGET = 42,
}

export const FUSE_IN_HEADER = {
  LEN: 40,
  BYTES: 0,
  OPCODE: 4,
  UNIQUE: 8,
  NODEID: 16,
  PID: 32,
} as const;
export const FUSE_OUT_HEADER = { LEN: 16, BYTES: 0, ERROR: 4, UNIQUE: 8 } as const;
export const FUSE_INIT_IN = { MINOR: 4, FLAGS: 12, FLAGS2: 16 } as const;
export const FUSE_INIT_OUT = {
  LEN: 64,
  MAJOR: 0,
  MINOR: 4,
  FLAGS: 12,
  MAX_WRITE: 20,
  TIME_GRAN: 24,
  FLAGS2: 32,
  MAX_STACK_DEPTH: 36,
} as const;
export const FUSE_ENTRY_OUT = {
  LEN: 128,
  NODEID: 0,
  ENTRY_VALID: 16,
  ATTR_VALID: 24,
  ATTR: 40,
} as const;
export const FUSE_ATTR_OUT = { LEN: 104, ATTR_VALID: 0, ATTR: 16 } as const;
export const FUSE_ATTR = { INO: 0, SIZE: 8, MODE: 60, NLINK: 64 } as const;
export const FUSE_OPEN_OUT = { LEN: 16, FH: 0, OPEN_FLAGS: 8, BACKING_ID: 12 } as const;
export const FUSE_IOCTL_IN = {
  LEN: 32,
  FH: 0,
  CMD: 12,
  ARG: 16,
  IN_SIZE: 24,
  OUT_SIZE: 28,
} as const;
export const FUSE_IOCTL_OUT = { LEN: 16, RESULT: 0 } as const;
export const FUSE_POLL_IN = { FH: 0, KH: 8, FLAGS: 16, EVENTS: 20 } as const;
export const FUSE_POLL_OUT = { LEN: 8, REVENTS: 0 } as const;
export const FUSE_NOTIFY_POLL_WAKEUP_OUT_LEN = 8;
/** struct fuse_backing_map */
export const FUSE_BACKING_MAP = { LEN: 16, FD: 0 } as const;
