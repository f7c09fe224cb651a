/**
 * The protocol between the kernel and who serves a file system by /dev/fuse (linux/fuse.h, version
 * 7.31): numbers and layouts of what a tree of small text files needs.
 *
 * @module
 */

export const FUSE = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
} as const;

export const FUSE_VERSION = { MAJOR: 7, MINOR: 31 } as const;
export const FUSE_ROOT_ID = 1;

/** struct fuse_in_header, struct fuse_out_header */
export const FUSE_IN = { LEN: 40, BYTES: 0, OPCODE: 4, UNIQUE: 8, NODE: 16, PID: 32 } as const;
export const FUSE_OUT = { LEN: 16, BYTES: 0, ERROR: 4, UNIQUE: 8 } as const;
/** struct fuse_attr */
export const FUSE_ATTR = {
  LEN: 88,
  INODE: 0,
  SIZE: 8,
  MODE: 60,
  LINKS: 64,
  UID: 68,
  GID: 72,
  BLOCK_SIZE: 80,
} as const;
/** struct fuse_entry_out, fuse_attr_out: for how many seconds, then a struct fuse_attr. */
export const FUSE_ENTRY = { LEN: 128, NODE: 0, ENTRY_VALID: 16, ATTR_VALID: 24, ATTR: 40 } as const;
export const FUSE_ATTR_OUT = { LEN: 104, VALID: 0, ATTR: 16 } as const;
/** struct fuse_open_out */
export const FUSE_OPEN_OUT = { LEN: 16, HANDLE: 0, FLAGS: 8 } as const;
/** Nothing is kept: each read() asks, and a size of 0 does not end the file. */
export const FOPEN_DIRECT_IO = 1;
/** struct fuse_read_in, fuse_write_in: whose data follows. */
export const FUSE_READ_IN = { HANDLE: 0, OFFSET: 8, SIZE: 16 } as const;
export const FUSE_WRITE_IN = { LEN: 40, HANDLE: 0, OFFSET: 8, SIZE: 16 } as const;
export const FUSE_RELEASE_IN = { HANDLE: 0 } as const;
/** struct fuse_dirent, its name padded to a multiple of 8. */
export const FUSE_DIRENT = { LEN: 24, INODE: 0, OFFSET: 8, NAME_LEN: 16, TYPE: 20 } as const;
/** struct fuse_init_in, fuse_init_out */
export const FUSE_INIT_IN = { MINOR: 4, READAHEAD: 8, FLAGS: 12, FLAGS2: 16 } as const;
export const FUSE_INIT_OUT = {
  LEN: 64,
  MAJOR: 0,
  MINOR: 4,
  READAHEAD: 8,
  FLAGS: 12,
  MAX_WRITE: 20,
  TIME_GRAN: 24,
  FLAGS2: 32,
} as const;
/** O_TRUNC comes with OPEN. */
export const FUSE_ATOMIC_O_TRUNC = 1 << 3;
export const FUSE_KSTATFS_LEN = 80;
