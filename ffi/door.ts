/**
 * The second door, from the side of who answers: the twin of host/door.c. For the stack's thread.
 *
 * @module
 */
import { findNative, openNative } from "./build_native.ts";
import { HOST_LIBRARY } from "./libc.ts";

/** A call that waits to be answered, as the kernel describes it (struct seccomp_notif). */
export const SECCOMP_NOTIF = { LEN: 80, ID: 0, PID: 8, NR: 16, ARCH: 20, ARGS: 32 } as const;

const SYMBOLS = {
  prepare: { name: "nuse_door_prepare", parameters: ["i32"], result: "i32" },
  /** (door, base, off of a SECCOMP_NOTIF): 0; blocks when poll() has shown nothing */
  receive: { name: "nuse_door_receive", parameters: ["i32", "pointer", "i32"], result: "i32" },
  /** (door, id's halves): 1: its thread still waits */
  isValid: { name: "nuse_door_is_valid", parameters: ["i32", "u32", "u32"], result: "i32" },
  /** (door, id's halves, n or -errno): 0, or -ENOENT: nobody waits any more */
  answer: { name: "nuse_door_answer", parameters: ["i32", "u32", "u32", "i32"], result: "i32" },
  /** (door, id's halves): the kernel carries the call out */
  pass: { name: "nuse_door_pass", parameters: ["i32", "u32", "u32"], result: "i32" },
  /**
   * (door, id's halves, fd, at, cloexec): a copy of fd at the program's lowest free number, which
   * answers the call; at >= 0: at that number, and the call still waits
   */
  give: {
    name: "nuse_door_give",
    parameters: ["i32", "u32", "u32", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (process, thread): 1 */
  isThreadOf: { name: "nuse_door_is_thread_of", parameters: ["i32", "i32"], result: "i32" },
  /** (thread, int32 for a pidfd): the process */
  processOf: { name: "nuse_door_process_of", parameters: ["i32", "buffer"], result: "i32" },
  /** (thread, CAP_*): 1 */
  hasCapability: { name: "nuse_door_has_capability", parameters: ["i32", "i32"], result: "i32" },
  /** (pidfd, -1: of this thread): the inode of its user namespace; 0: not known */
  userNamespace: { name: "nuse_door_user_namespace", parameters: ["i32"], result: "f64" },
  /** (pidfd): its effective user; -1: not known */
  effectiveUser: { name: "nuse_door_user", parameters: ["i32"], result: "f64" },
  /** (pidfd, fd): our copy of the program's descriptor */
  get: { name: "nuse_door_get", parameters: ["i32", "i32"], result: "i32" },
  /** (thread, base, off, len, where the program's address lies, how far behind it): 0 */
  read: {
    name: "nuse_door_read",
    parameters: ["i32", "pointer", "i32", "i32", "i32", "i32"],
    result: "i32",
  },
  write: {
    name: "nuse_door_write",
    parameters: ["i32", "pointer", "i32", "i32", "i32", "i32"],
    result: "i32",
  },
  /** (fd): 0 or 1 */
  isNonblocking: { name: "nuse_door_is_nonblocking", parameters: ["i32"], result: "i32" },
  makeNonblocking: { name: "nuse_door_make_nonblocking", parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export type DoorCalls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let opened: DoorCalls | null = null;

/** The library's functions. Throws SysError when it can be neither found nor built. */
export function doorCalls(): DoorCalls {
  opened ??= openNative(findNative(HOST_LIBRARY.name, HOST_LIBRARY.sources), SYMBOLS).symbols;
  return opened;
}
