/**
 * What answers are made of, from the service: the stack, and whose sockets are whose.
 *
 * @module
 */
import { ENOENT, type Socket } from "../../../stack/mod.ts";
import type { AppContext } from "../endpoint/app_context.ts";
import { Endpoint } from "../endpoint/endpoint.ts";
import { ListenerEndpoint } from "../endpoint/listener_endpoint.ts";
import type { NetlinkSource } from "./answer.ts";

export function sourceOf({ stack, loop }: AppContext): NetlinkSource {
  return {
    stack,
    nowUs: loop.nowUs,
    inodeOf: (socket) => endpointOf(socket)?.programInode ?? 0,
    uidOf: (socket) => endpointOf(socket)?.account?.uid ?? 0,
    endListener: (socket) => {
      const endpoint = endpointOf(socket);
      if (!(endpoint instanceof ListenerEndpoint)) return -ENOENT;
      endpoint.endByOthers(loop.nowUs);
      return 0;
    },
  };
}

function endpointOf(socket: Socket | null): Endpoint | null {
  return socket !== null && socket.owner instanceof Endpoint ? socket.owner : null;
}
