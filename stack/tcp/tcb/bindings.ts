/**
 * Who holds which local port: bind conflicts as Linux has them (SO_REUSEADDR, SO_REUSEPORT), and
 * ephemeral ports (RFC 6056).
 *
 * Several holders of one port are the rule: a listener and all the connections that it has
 * accepted.
 *
 * @module
 */
import { PortAllocator } from "../../storage/port_allocator.ts";
import { EADDRINUSE, EADDRNOTAVAIL } from "../../base/errno.ts";
import type { IpAddress } from "../../base/ip_address.ts";
import type { SocketOptions } from "../../base/socket_options.ts";

/** One claim on a local port. */
export class Binding {
  /** Its socket listens. */
  isListening = false;

  constructor(
    readonly addr: IpAddress,
    readonly port: number,
    /** Of the socket, as they are now: SO_REUSEADDR after bind() counts for whoever comes next. */
    readonly options: Pick<SocketOptions, "ifIndex" | "reuseAddr" | "reusePort" | "v6Only">,
    /** By bind(), not by connect() or by a listener. */
    readonly isExplicit: boolean,
  ) {}
}

/**
 * Do two local addresses have an address in common? The unspecified ones stand for all of theirs.
 */
function overlap(a: Binding, b: Binding): boolean {
  if (a.addr.isUnspecified && b.addr.isUnspecified) {
    return a.addr.family === b.addr.family || !(a.options.v6Only || b.options.v6Only);
  }
  if (a.addr.isUnspecified) return covers(a, b.addr);
  if (b.addr.isUnspecified) return covers(b, a.addr);
  return a.addr.equals(b.addr);
}

function covers(any: Binding, addr: IpAddress): boolean {
  return any.addr.family === addr.family || (any.addr.family === 6 && !any.options.v6Only);
}

/** May `b` not coexist with `other`? (Linux inet_csk_bind_conflict) */
function conflicts(b: Binding, other: Binding): boolean {
  if (b === other) return false;
  const [mine, its] = [b.options, other.options];
  if (mine.ifIndex !== 0 && its.ifIndex !== 0 && mine.ifIndex !== its.ifIndex) return false;
  if (!overlap(b, other)) return false;
  if (mine.reuseAddr && its.reuseAddr && !other.isListening) return false;
  return !(mine.reusePort && its.reusePort);
}

export class Bindings {
  readonly #byPort = new Map<number, Set<Binding>>();
  readonly #allocator: PortAllocator;

  constructor(random: () => number, portMin: number, portMax: number) {
    this.#allocator = new PortAllocator(random);
    this.#allocator.setRange(portMin, portMax);
  }

  /** bind(): port 0 chooses one. Returns the claim, or -EADDRINUSE. */
  bind(addr: IpAddress, port: number, options: SocketOptions): Binding | number {
    if (port === 0) {
      const { localPortRange } = options;
      const isTaken = (candidate: number) => this.#byPort.has(candidate);
      const free = this.#allocator.pickRandom(isTaken, localPortRange);
      if (free < 0) return -EADDRINUSE;
      port = free;
    }
    const binding = new Binding(addr, port, options, true);
    const holders = this.#byPort.get(port);
    if (holders !== undefined) {
      for (const other of holders) {
        if (conflicts(binding, other)) return -EADDRINUSE;
      }
    }
    this.#enter(binding);
    return binding;
  }

  /**
   * connect() without bind(): a port whose connection to the remote end does not exist yet
   * (`isTaken`) and that nobody has bound. Returns the claim, or -EADDRNOTAVAIL.
   */
  bindForConnect(
    local: IpAddress,
    remote: IpAddress,
    remotePort: number,
    options: SocketOptions,
    nowUs: number,
    isTaken: (port: number) => boolean,
  ): Binding | number {
    const port = this.#allocator.pickFor(
      local,
      remote,
      remotePort,
      nowUs,
      (candidate) => this.#isBound(candidate) || isTaken(candidate),
      options.localPortRange,
    );
    if (port < 0) return -EADDRNOTAVAIL;
    const binding = new Binding(local, port, options, false);
    this.#enter(binding);
    return binding;
  }

  /** A further claim on the same port: a connection of a listener, or its TIME-WAIT. */
  share(of: Binding, addr: IpAddress): Binding {
    const binding = new Binding(addr, of.port, of.options, false);
    this.#enter(binding);
    return binding;
  }

  /** listen(): 0, or -EADDRINUSE when another listener has the port. */
  startListening(binding: Binding): number {
    for (const other of this.#byPort.get(binding.port) ?? []) {
      if (other.isListening && conflicts(binding, other)) return -EADDRINUSE;
    }
    binding.isListening = true;
    return 0;
  }

  release(binding: Binding): void {
    const holders = this.#byPort.get(binding.port);
    if (holders === undefined) return;
    holders.delete(binding);
    if (holders.size === 0) this.#byPort.delete(binding.port);
  }

  /** Claims in all; for tests and statistics. */
  get count(): number {
    let count = 0;
    for (const holders of this.#byPort.values()) count += holders.size;
    return count;
  }

  #enter(binding: Binding): void {
    const holders = this.#byPort.get(binding.port);
    if (holders === undefined) this.#byPort.set(binding.port, new Set([binding]));
    else holders.add(binding);
  }

  /** Somebody holds the port by bind() or listens on it. */
  #isBound(port: number): boolean {
    const holders = this.#byPort.get(port);
    if (holders === undefined) return false;
    for (const holder of holders) {
      if (holder.isExplicit) return true;
    }
    return false;
  }
}
