/**
 * A message with several descriptors, as the shim sends them: the service itself sends one at most.
 *
 * @module
 */
import { SOL_SOCKET } from "../../../ffi/abi/socket.ts";
import type { Arena } from "../../../ffi/arena.ts";
import { libc } from "../../../ffi/libc.ts";
import { MessageTable, messageTableLen, MMSGHDR } from "../../../ffi/message.ts";

const CMSG_HEADER_LEN = 16;
const SCM_RIGHTS = 1;

/** sendmsg(2) of the bytes at `off`, with descriptors; writes behind them. Returns 1 or -errno. */
export function sendWithFds(
  arena: Arena,
  fd: number,
  off: number,
  lenBytes: number,
  passed: readonly number[],
): number {
  const tableOff = (off + lenBytes + 7) & ~7;
  const controlOff = tableOff + messageTableLen(1, 1);
  const table = new MessageTable(arena, tableOff, 1, 1);
  table.setIovec(0, 0, off, lenBytes);
  const controlLen = CMSG_HEADER_LEN + 4 * passed.length;
  arena.dv.setBigUint64(controlOff, BigInt(controlLen), true);
  arena.dv.setInt32(controlOff + 8, SOL_SOCKET, true);
  arena.dv.setInt32(controlOff + 12, SCM_RIGHTS, true);
  passed.forEach((each, i) => arena.dv.setInt32(controlOff + CMSG_HEADER_LEN + 4 * i, each, true));
  arena.setAddress(tableOff + MMSGHDR.CONTROL, controlOff);
  arena.dv.setInt32(tableOff + MMSGHDR.CONTROL_LEN, controlLen, true);
  return libc().sendmmsg(fd, arena.base, tableOff, 1, 0);
}
