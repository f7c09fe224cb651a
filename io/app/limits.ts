/**
 * How many sockets and control connections there can be: each costs a descriptor of ours, and the
 * kernel sets the limit of those (RLIMIT_NOFILE; the runtime has raised the soft one to the hard
 * one at its start). What is shared out here never fills the table, so accept() does not fail.
 *
 * @module
 */
import { SysError } from "../../ffi/errno.ts";
import { EMFILE } from "../../stack/mod.ts";

/** Kept free: both ends of a pair, the runtime's own. */
const KEPT_FDS = 32;
/**
 * And for what comes along with a message, asked for or not: what finds no room the kernel closes
 * at once, on our thread, which may take long (ffi/host/closer.c). As many as one message can carry
 * (SCM_MAX_FD) where that is little of the whole.
 */
const PASSED_FDS = 253;
const PASSED_SHARE = 1 / 16;
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
  const passed = Math.min(PASSED_FDS, Math.floor(allowedCount * PASSED_SHARE));
  const left = allowedCount - openCount - KEPT_FDS - passed;
  const needed = CLIENTS_MIN + SOCKETS_MIN;
  if (left < needed) {
    const least = Math.ceil((openCount + KEPT_FDS + needed) / (1 - PASSED_SHARE));
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
