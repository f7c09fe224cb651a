/**
 * A router under test: the stack with a second link, whose peer is the gateway to a network beyond.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Interface, StackConfigOverrides } from "../../../stack/mod.ts";
import { refreshIpv4Checksum } from "../../../stack/wire/ipv4.ts";
import {
  arpFrame,
  FakeDevice,
  Host,
  ip,
  type IpFields,
  NO_OFFLOAD,
  type SentFrame,
  udpFrame,
} from "../net_fixture.ts";

export const FAR_MAC = Uint8Array.of(2, 0, 0, 0, 1, 2);
export const FAR_PEER_MAC = Uint8Array.of(2, 0, 0, 0, 1, 1);
export const FAR_OURS = ip("198.18.1.2");
export const FAR_PEER = ip("198.18.1.1");
/** Reached by the far peer. */
export const BEYOND = ip("203.0.113.9");
const SINK = 9;

interface Options {
  readonly caps?: typeof NO_OFFLOAD;
  readonly mtu?: number;
  readonly forward?: boolean;
  readonly isResolved?: boolean;
  readonly config?: StackConfigOverrides["ip"];
}

/** A stack between two links: 198.18.0.0/24 on eth0, 198.18.1.0/24 on eth1. */
export class RouterHost extends Host {
  readonly far: FakeDevice;
  readonly farIface: Interface;

  constructor(
    { caps = NO_OFFLOAD, mtu = 1500, forward = true, isResolved = true, config }: Options = {},
  ) {
    super({ config: { ip: { forward, ...config } } });
    this.far = new FakeDevice(caps, mtu);
    this.farIface = this.stack.addInterface({ name: "eth1", mac: FAR_MAC, link: this.far });
    assertEquals(this.stack.addAddress(this.farIface.index, FAR_OURS, 24, this.nowUs), 0);
    const route = { dst: ip("203.0.113.0"), prefixLen: 24, gateway: FAR_PEER };
    assertEquals(this.stack.addRoute(route), 0);
    this.advance(3e6);
    if (isResolved) {
      const asks = arpFrame(1, FAR_PEER_MAC, FAR_PEER, FAR_MAC, FAR_OURS);
      this.inject(asks, 0, 0, 0, this.farIface.index);
    }
    this.flush();
    this.device.frames.length = 0;
    this.far.frames.length = 0;
  }

  /** What left by eth1 since the last call. */
  passed(): SentFrame[] {
    this.flush();
    return this.far.frames.splice(0);
  }

  passedOne(): SentFrame {
    const frames = this.passed();
    assertEquals(frames.length, 1);
    return frames[0];
  }

  drops(name: string): number {
    return this.stack.counters.snapshot()[`drop.${name}`] ?? 0;
  }
}

export function datagram(data: Uint8Array, fields: IpFields = {}): Uint8Array {
  return udpFrame(5000, SINK, data, { dst: FAR_PEER, ...fields });
}

/** The frame with these IP options, a multiple of four bytes. */
export function withOptions(frame: Uint8Array, options: Uint8Array): Uint8Array {
  const out = new Uint8Array(frame.length + options.length);
  out.set(frame.subarray(0, 34));
  out.set(options, 34);
  out.set(frame.subarray(34), 34 + options.length);
  const dv = new DataView(out.buffer);
  dv.setUint8(14, 0x45 + options.length / 4);
  dv.setUint16(16, out.length - 14);
  refreshIpv4Checksum(dv, 14, 20 + options.length);
  return out;
}
