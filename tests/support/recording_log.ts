/**
 * A log that keeps what it is told, and one that must not be told anything.
 *
 * @module
 */
import type { IpAddress, LogEnds, LogSink } from "../../stack/mod.ts";
import { LOG_EVENTS_MAX, LogEvent } from "../../stack/mod.ts";

/** An event with all that was said of it. */
export interface Recorded {
  readonly event: number;
  readonly ifIndex: number;
  /** "local:port remote:port", an address, or "". */
  readonly subject: string;
  readonly numbers: readonly number[];
}

export class RecordingLog implements LogSink {
  readonly isOn: Uint8Array = new Uint8Array(LOG_EVENTS_MAX).fill(1);
  readonly all: Recorded[] = [];

  /** Takes only these; without any, everything. */
  constructor(...events: LogEvent[]) {
    if (events.length > 0) this.isOn.fill(0);
    for (const event of events) this.isOn[event] = 1;
  }

  connection(event: number, ifIndex: number, ends: LogEnds, ...numbers: number[]): void {
    const { local, localPort, remote, remotePort } = ends;
    const subject = `${local}:${localPort} ${remote}:${remotePort}`;
    this.#add({ event, ifIndex, subject, numbers });
  }

  address(event: number, ifIndex: number, addr: IpAddress, ...numbers: number[]): void {
    this.#add({ event, ifIndex, subject: addr.toString(), numbers });
  }

  plain(event: number, ifIndex: number, ...numbers: number[]): void {
    this.#add({ event, ifIndex, subject: "", numbers });
  }

  /** "EVENT_NAME subject numbers", one text each, which are then forgotten. */
  take(): string[] {
    return this.all.splice(0).map(({ event, subject, numbers }) =>
      [LogEvent[event], subject, ...numbers].filter((part) => part !== "").join(" ")
    );
  }

  #add(recorded: Recorded): void {
    if (this.isOn[recorded.event] === 0) {
      throw new Error(`told of ${LogEvent[recorded.event]}, which is off`);
    }
    this.all.push(recorded);
  }
}

/** Everything is off: whoever says something all the same fails. */
export class ForbiddenLog implements LogSink {
  readonly isOn: Uint8Array = new Uint8Array(LOG_EVENTS_MAX);

  connection(event: number): void {
    throw new Error(`told of ${LogEvent[event]}, which is off`);
  }

  address(event: number): void {
    throw new Error(`told of ${LogEvent[event]}, which is off`);
  }

  plain(event: number): void {
    throw new Error(`told of ${LogEvent[event]}, which is off`);
  }
}
