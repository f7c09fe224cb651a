/**
 * Readiness of a socket, as bits: what the stack tells the owner of a socket. They are declared
 * here, below the transports, because transports raise them and `socket/api.ts` publishes them.
 *
 * @module
 */
export const EVENT_READABLE = 1; // bytes, datagrams, or a FIN to deliver
export const EVENT_WRITABLE = 2; // send space appeared after there was none
export const EVENT_CONNECTED = 4; // connect finished well
export const EVENT_ERROR = 8; // soError is set (connect failed, reset, timed out, ICMP)
export const EVENT_ACCEPTABLE = 16; // a listener has an established connection waiting
export const EVENT_CLOSED = 32; // TCP reached CLOSED: nothing more will happen
export const EVENT_ERRQUEUE = 64; // an entry was put on the error queue (IP_RECVERR)
