/**
 * The stack's sink (stack/base/log.ts): its numbers become entries. Only this side knows words,
 * levels and the time.
 *
 * @module
 */
import type { IpAddress, LogEnds, LogEvent, LogSink } from "../../stack/mod.ts";
import type { LogValue, Subject } from "./event.ts";
import { type LogOptions, OwnLog } from "./own_log.ts";
import { STACK_EVENTS } from "./stack_events.ts";
import { textOf, valueOf } from "./stack_values.ts";

/** "198.18.0.1:80", "[2001:db8::1]:80". */
function endText(addr: IpAddress, port: number): string {
  return addr.family === 4 ? `${addr}:${port}` : `[${addr}]:${port}`;
}

export class StackLog extends OwnLog implements LogSink {
  /** Name of an interface by its index; null: there is none. The owner of the stack sets it. */
  nameOf: (ifIndex: number) => string | null = () => null;

  constructor(options: LogOptions) {
    super(options);
    this.listenTo(STACK_EVENTS);
  }

  connection(event: LogEvent, ifIndex: number, ends: LogEnds, ...numbers: number[]): void {
    const local = endText(ends.local, ends.localPort);
    const remote = endText(ends.remote, ends.remotePort);
    this.#happened(event, { ...this.#interface(ifIndex), local, remote }, numbers);
  }

  address(event: LogEvent, ifIndex: number, addr: IpAddress, ...numbers: number[]): void {
    this.#happened(event, { ...this.#interface(ifIndex), address: addr.toString() }, numbers);
  }

  plain(event: LogEvent, ifIndex: number, ...numbers: number[]): void {
    this.#happened(event, this.#interface(ifIndex), numbers);
  }

  #interface(ifIndex: number): Subject {
    const name = this.nameOf(ifIndex);
    return name === null ? {} : { interface: name };
  }

  #happened(event: LogEvent, subject: Subject, numbers: readonly number[]): void {
    const info = STACK_EVENTS[event];
    const values: Record<string, LogValue> = {};
    const texts: Record<string, LogValue> = {};
    info.fields.forEach((name, i) => {
      values[name] = valueOf(name, numbers[i] ?? 0);
      texts[name] = textOf(name, numbers[i] ?? 0);
    });
    this.emit(info, subject, values, texts);
  }
}
