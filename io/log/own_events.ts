/**
 * The table of what the threads around the stack tell: devices, the service for the programs'
 * sockets, the command line. Their values are texts and plain numbers.
 *
 * @module
 */
import { event, type EventInfo } from "./event.ts";

/** Behind the stack's own codes (LOG_EVENT_END). */
export enum OwnEvent {
  DEVICE_OPENED = 128,
  DEVICE_FAILED,
  IP_LEASE,
  IP_LEASE_LOST,
  SERVICE_CLIENT,
  SERVICE_CLIENT_GONE,
  SERVICE_FULL,
  SERVICE_FAULT,
  SERVICE_UNTOLD,
  CONTROL_REQUEST,
  CONTROL_MALFORMED,
  CLI_BEGAN,
  CLI_STARTED,
  CLI_SIGNAL,
  CLI_ENDED,
  CLI_IMPATIENT,
  CLI_LINES_LOST,
}

export const OWN_EVENTS: Readonly<Record<OwnEvent, EventInfo>> = {
  [OwnEvent.DEVICE_OPENED]: event("device.opened", "info", "{facts}", "facts"),
  [OwnEvent.DEVICE_FAILED]: event(
    "device.failed",
    "error",
    "interface {interface} failed: {errno}",
    "errno",
  ),
  [OwnEvent.IP_LEASE]: event("ip.lease", "info", "{facts}", "facts"),
  [OwnEvent.IP_LEASE_LOST]: event(
    "ip.lease-lost",
    "error",
    "{interface} has lost its address {address}: {reason}",
    "reason",
  ),
  [OwnEvent.SERVICE_CLIENT]: event(
    "service.client",
    "debug",
    "process {pid} connects; control connections: {connections}",
    "pid",
    "connections",
  ),
  [OwnEvent.SERVICE_CLIENT_GONE]: event(
    "service.client-gone",
    "debug",
    "a control connection of process {pid} ends; there were {connections}",
    "pid",
    "connections",
  ),
  [OwnEvent.SERVICE_FULL]: event(
    "service.full",
    "warning",
    "a program gets no socket; open ones: {sockets}",
    "sockets",
  ),
  [OwnEvent.SERVICE_FAULT]: event(
    "service.fault",
    "error",
    "a fault of nuse's own ended one socket or process: {fault}",
    "fault",
  ),
  [OwnEvent.SERVICE_UNTOLD]: event(
    "service.untold",
    "warning",
    "{what} has happened more often than it was told; left out: {lines}",
    "what",
    "lines",
  ),
  [OwnEvent.CONTROL_REQUEST]: event(
    "control.request",
    "debug",
    "process {pid}: {request} {detail} = {result}",
    "pid",
    "request",
    "detail",
    "result",
  ),
  [OwnEvent.CONTROL_MALFORMED]: event(
    "control.malformed",
    "warning",
    "process {pid} is cut off: what it sent is no request",
    "pid",
  ),
  [OwnEvent.CLI_BEGAN]: event(
    "cli.began",
    "info",
    "nuse {version}, {date}",
    "version",
    "date",
  ),
  [OwnEvent.CLI_STARTED]: event(
    "cli.started",
    "info",
    "{program} is process {pid}",
    "program",
    "pid",
  ),
  [OwnEvent.CLI_SIGNAL]: event(
    "cli.signal",
    "debug",
    "signal {signal} has come, from process {pid}; {phase}",
    "signal",
    "pid",
    "phase",
  ),
  [OwnEvent.CLI_ENDED]: event(
    "cli.ended",
    "info",
    "the program has ended: status {status}, signal {signal}",
    "status",
    "signal",
  ),
  [OwnEvent.CLI_IMPATIENT]: event(
    "cli.impatient",
    "warning",
    "did not wait for what was still to be delivered",
  ),
  [OwnEvent.CLI_LINES_LOST]: event(
    "cli.lines-lost",
    "warning",
    "lines left out here, because whoever reads the log does not keep up: {lines}",
    "lines",
  ),
};

/** What a program can bring about as often as it likes: not every time is told. */
export const SELDOM_TOLD: readonly OwnEvent[] = [
  OwnEvent.SERVICE_FULL,
  OwnEvent.SERVICE_FAULT,
  OwnEvent.CONTROL_MALFORMED,
];
