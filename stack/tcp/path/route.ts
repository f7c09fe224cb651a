/**
 * The way to the peer: asked for again when routes, addresses or interfaces have changed.
 *
 * @module
 */
import { updateSmss } from "./mss.ts";
import type { Tcb } from "../tcb/tcb.ts";

/** Makes sure of a route and of a segment size that fits it. False: there is no way at present. */
export function refreshRoute(tcb: Tcb): boolean {
  let route = tcb.route;
  if (route === null || !route.valid) {
    const found = tcb.layer.network.route(tcb.remote, tcb.local, tcb.options.socket.ifIndex);
    if (typeof found === "number") {
      tcb.softError = -found;
      return false;
    }
    route = found;
    tcb.route = route;
  }
  if (route.mtu !== tcb.pmtu) updateSmss(tcb);
  return true;
}
