/**
 * How many sockets and control connections there can be: each costs a descriptor of ours, and the
 * kernel sets the limit of those (RLIMIT_NOFILE; the runtime has raised the soft one to the hard
 * one at its start). What is shared out here never fills the table, so accept() does not fail.
 *
 * @module
 */
import { SysError } from "../../ffi/errno.ts";
import { EMFILE } from "../../stack/mod.ts";

/** Kept free: both ends of a pair, what has come along with messages, the runtime's own. */
const KEPT_FDS = 48;
const CLIENTS_MIN = 8;
const SOCKETS_MIN = 24;
const CLIENTS_SHARE = 1 / 4;

export interface DescriptorLimits {
  readonly maxSockets: number;
  readonly maxClients: number;
}

/**
 * `allowedCount`: descriptors that we may have; `openCount`: those that are open. The result is no
 * more than `most`. Throws SysError (EMFILE) when next to nothing would be left for programs.
 */
export function shareDescriptors(
  allowedCount: number,
  openCount: number,
  most: DescriptorLimits,
): DescriptorLimits {
  const left = allowedCount - openCount - KEPT_FDS;
  const needed = CLIENTS_MIN + SOCKETS_MIN;
  if (left < needed) {
    const least = allowedCount - left + needed;
    throw new SysError("getrlimit", EMFILE, `${allowedCount} open files are too few`, {
      advice: `raise the limit to ${least} or more: ulimit -n ${least}`,
    });
  }
  const clients = Math.max(CLIENTS_MIN, Math.floor(left * CLIENTS_SHARE));
  const maxClients = Math.min(most.maxClients, clients);
  return { maxClients, maxSockets: Math.min(most.maxSockets, left - maxClients) };
}

/** The limit and the use of this process's descriptors, as `shareDescriptors` takes them. */
export function descriptorUse(): { allowedCount: number; openCount: number } {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const soft = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  const openCount = [...Deno.readDirSync("/proc/self/fd")].length;
  return { allowedCount: Number.isFinite(soft) ? soft : Infinity, openCount };
}
