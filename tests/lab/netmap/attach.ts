/**
 * Attaches an interface of this network namespace to a VALE switch of the machine's own netmap, or
 * takes it off: `attach.ts attach|detach vale0:eth0`. Exit status: 0, or the errno.
 *
 * @module
 */
import {
  NETMAP_REQ_VALE_ATTACH,
  NETMAP_REQ_VALE_DETACH,
  NMREQ_REGISTER,
  NMREQ_VALE_ATTACH_LEN,
  NMREQ_VALE_DETACH_LEN,
  NR_REG_ALL_NIC,
} from "../../../ffi/abi/netmap.ts";
import { HostNetmap } from "../../../ffi/netmap.ts";
import { requestHeader } from "../../../io/devices/netmap/registration.ts";
import { must, type Netns } from "../netns.ts";

/** Attaches `port`, "vale0:eth0", seen from `ns`. */
export function attach(ns: Netns, port: string): Promise<string> {
  return must([...ns.enter, ...COMMAND, "attach", port]);
}

/** Gives the interface back. */
export function detach(ns: Netns, port: string): Promise<string> {
  return must([...ns.enter, ...COMMAND, "detach", port]);
}

const COMMAND = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", import.meta.filename!];

/** `n | -errno` */
function ask(what: string, port: string): number {
  const kernel = new HostNetmap();
  const fd = kernel.open();
  if (fd < 0) return fd;
  if (what === "detach") {
    const body = new Uint8Array(NMREQ_VALE_DETACH_LEN);
    return kernel.control(fd, requestHeader(NETMAP_REQ_VALE_DETACH, port), body);
  }
  const body = new Uint8Array(NMREQ_VALE_ATTACH_LEN); // begins with a struct nmreq_register
  new DataView(body.buffer).setUint32(NMREQ_REGISTER.MODE, NR_REG_ALL_NIC, true);
  return kernel.control(fd, requestHeader(NETMAP_REQ_VALE_ATTACH, port), body);
}

if (import.meta.main) {
  const [what, port] = Deno.args;
  Deno.exit(Math.max(0, -ask(what, port)));
}
