/**
 * What router_host.ts is, for IPv6: 2001:db8::/64 on eth0, 2001:db8:1::/64 on eth1, whose peer is
 * the gateway to a network beyond.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { IpAddress, StackConfigOverrides } from "../../../stack/mod.ts";
import type { Interface } from "../../../stack/mod.ts";
import { FakeDevice, type HostOptions, ip, NO_OFFLOAD, type SentFrame } from "../net_fixture.ts";
import {
  Host6,
  icmp6Frame,
  type Ip6Fields,
  ip6Frame,
  ndpFrame,
  udp6Packet,
} from "../v6_fixture.ts";
import { FAR_MAC, FAR_PEER_MAC } from "./router_host.ts";

export const FAR_OURS6: IpAddress = ip("2001:db8:1::2");
export const FAR_PEER6: IpAddress = ip("2001:db8:1::1");
export const FAR_PEER_LINK_LOCAL: IpAddress = ip("fe80::ff:fe00:101");
/** Reached by the far peer. */
export const BEYOND6: IpAddress = ip("2001:db8:77::9");

interface Options {
  readonly caps?: HostOptions["caps"];
  readonly mtu?: number;
  readonly forward?: boolean;
  readonly isResolved?: boolean;
  readonly config?: StackConfigOverrides["ip"];
}

export class RouterHost6 extends Host6 {
  readonly far: FakeDevice;
  readonly farIface: Interface;

  constructor(
    { caps = NO_OFFLOAD, mtu = 1500, forward = true, isResolved = true, config }: Options = {},
  ) {
    super({ config: { ip: { forward6: forward, ...config } } });
    this.far = new FakeDevice(caps, mtu);
    this.farIface = this.stack.addInterface({ name: "eth1", mac: FAR_MAC, link: this.far });
    const { index } = this.farIface;
    for (const addr of [ip("fe80::ff:fe00:102"), FAR_OURS6]) {
      assertEquals(this.stack.addAddress(index, addr, 64, this.nowUs), 0);
    }
    const gateway = FAR_PEER_LINK_LOCAL;
    const route = { dst: ip("2001:db8:77::"), prefixLen: 48, gateway, ifIndex: index };
    assertEquals(this.stack.addRoute(route), 0);
    this.advance(3e6);
    for (const src of isResolved ? [FAR_PEER6, FAR_PEER_LINK_LOCAL] : []) {
      const fields = { src, dst: FAR_OURS6, dstMac: FAR_MAC, srcMac: FAR_PEER_MAC };
      this.injectFar(ndpFrame(135, 0, FAR_OURS6, 1, FAR_PEER_MAC, fields));
    }
    this.flush();
    this.device.frames.length = 0;
    this.far.frames.length = 0;
  }

  injectFar(frame: Uint8Array): void {
    this.inject(frame, 0, 0, 0, this.farIface.index);
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

/** From our peer to the far one, or where `fields` say. */
export function datagram6(data: Uint8Array, fields: Ip6Fields = {}): Uint8Array {
  const { src, dst = FAR_PEER6 } = fields;
  return ip6Frame(17, udp6Packet(5000, 9, data, src, dst), { ...toRouter(dst), ...fields, dst });
}

/** An echo request for the far peer. */
export function echo6(fields: Ip6Fields = {}): Uint8Array {
  const { dst = FAR_PEER6 } = fields;
  const all = { ...toRouter(dst), ...fields, dst };
  return icmp6Frame(128, 0, 0x00010002, new Uint8Array(8), all);
}

/** A unicast packet's frame is for the router. */
function toRouter(dst: IpAddress): Ip6Fields {
  return dst.isMulticast ? {} : { dstMac: Uint8Array.of(2, 0, 0, 0, 0, 2) };
}
