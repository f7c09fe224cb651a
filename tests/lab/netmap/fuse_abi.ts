/**
 * FUSE, beyond ffi/abi/fuse.ts: files that behave like devices, and whose memory is another file's
 * (linux/fuse.h, protocol 7.40).
 *
 * @module
 */

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

export const FUSE_IOCTL = 39;
export const FUSE_POLL = 40;

/** Of struct fuse_init_out and struct fuse_open_out: what 7.40 has made of padding. */
export const FUSE_MAX_STACK_DEPTH_OFF = 36;
export const FUSE_BACKING_ID_OFF = 12;
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
