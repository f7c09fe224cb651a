/**
 * Network interfaces by ioctl: what an interface is, and its set-up. Everything refers to the
 * calling thread's network namespace at the time of `new`.
 *
 * @module
 */
import {
  ETHTOOL_DRVINFO,
  ETHTOOL_GDRVINFO,
  ETHTOOL_GLINK,
  ETHTOOL_VALUE,
  IFF_UP,
  IFNAMSIZ,
  IFREQ,
  IN6_IFREQ,
  SIOCBRADDIF,
  SIOCGIFFLAGS,
  SIOCGIFHWADDR,
  SIOCGIFINDEX,
  SIOCGIFMTU,
  SIOCSIFADDR,
  SIOCSIFFLAGS,
  SIOCSIFMTU,
  SIOCSIFNETMASK,
  SIOCSIFTXQLEN,
} from "./abi/interface.ts";
import { AF_INET, AF_INET6, SOCK_CLOEXEC, SOCK_DGRAM, SOCKADDR_IN } from "./abi/socket.ts";
import { check, EINVAL, ENAMETOOLONG, ENODEV, EOPNOTSUPP, EPERM, SysError } from "./errno.ts";
import { type Libc, libc } from "./libc.ts";

/** Answers and settings of interfaces, by name. Methods throw SysError. */
export class LinkControl {
  readonly #sys: Libc = libc();
  readonly #fd: number;

  constructor() {
    const fd = this.#sys.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    this.#fd = check(fd, "socket", "cannot open a socket to ask about interfaces");
  }

  close(): void {
    this.#sys.close(this.#fd);
  }

  index(name: string): number {
    return this.#get(name, "SIOCGIFINDEX", SIOCGIFINDEX).getInt32(IFREQ.IFINDEX, true);
  }

  /** IFF_* bits (the low 16). */
  flags(name: string): number {
    return this.#get(name, "SIOCGIFFLAGS", SIOCGIFFLAGS).getUint16(IFREQ.FLAGS, true);
  }

  mtu(name: string): number {
    return this.#get(name, "SIOCGIFMTU", SIOCGIFMTU).getInt32(IFREQ.MTU, true);
  }

  /** ARPHRD_* and the first six bytes of the hardware address. */
  hardware(name: string): { type: number; mac: Uint8Array<ArrayBuffer> } {
    const dv = this.#get(name, "SIOCGIFHWADDR", SIOCGIFHWADDR);
    const mac = new Uint8Array(dv.buffer, IFREQ.HWADDR, 6).slice();
    return { type: dv.getUint16(IFREQ.HWADDR_FAMILY, true), mac };
  }

  /** The driver's name ("veth", "virtio_net"); "" when it does not say. */
  driver(name: string): string {
    const info = new Uint8Array(ETHTOOL_DRVINFO.LEN);
    new DataView(info.buffer).setUint32(ETHTOOL_DRVINFO.CMD, ETHTOOL_GDRVINFO, true);
    if (this.#sys.ethtool(this.#fd, interfaceRequest(name), info) < 0) return "";
    const end = ETHTOOL_DRVINFO.DRIVER + ETHTOOL_DRVINFO.DRIVER_LEN;
    const text = new TextDecoder().decode(info.subarray(ETHTOOL_DRVINFO.DRIVER, end));
    return text.slice(0, text.indexOf("\0"));
  }

  /**
   * Whether there is a link (ETHTOOL_GLINK, which IFF_RUNNING follows late); true when it cannot
   * say.
   */
  hasCarrier(name: string): boolean {
    const value = new Uint8Array(ETHTOOL_VALUE.LEN);
    const dv = new DataView(value.buffer);
    dv.setUint32(ETHTOOL_VALUE.CMD, ETHTOOL_GLINK, true);
    if (this.#sys.ethtool(this.#fd, interfaceRequest(name), value) < 0) return true;
    return dv.getUint32(ETHTOOL_VALUE.DATA, true) !== 0;
  }

  exists(name: string): boolean {
    return this.#sys.ioctl(this.#fd, SIOCGIFINDEX, interfaceRequest(name)) !== -ENODEV;
  }

  setUp(name: string): void {
    const request = interfaceRequest(name);
    new DataView(request.buffer).setUint16(IFREQ.FLAGS, this.flags(name) | IFF_UP, true);
    this.#set(name, "SIOCSIFFLAGS", SIOCSIFFLAGS, request, `cannot bring ${name} up`);
  }

  setMtu(name: string, mtu: number): void {
    const request = interfaceRequest(name);
    new DataView(request.buffer).setInt32(IFREQ.MTU, mtu, true);
    this.#set(name, "SIOCSIFMTU", SIOCSIFMTU, request, `cannot set the MTU of ${name} to ${mtu}`);
  }

  /** Frames that may wait in the interface's transmit queue. */
  setQueueLen(name: string, frames: number): void {
    const request = interfaceRequest(name);
    new DataView(request.buffer).setInt32(IFREQ.QUEUE_LEN, frames, true);
    const doing = `cannot set the queue length of ${name}`;
    this.#set(name, "SIOCSIFTXQLEN", SIOCSIFTXQLEN, request, doing);
  }

  /** Gives an interface an IPv4 address (4 bytes) and the mask of its prefix. */
  setAddress(name: string, addr: Uint8Array, prefixLen: number): void {
    const mask = new Uint8Array(4);
    new DataView(mask.buffer).setInt32(0, prefixLen === 0 ? 0 : -1 << (32 - prefixLen));
    const doing = `cannot give ${name} the address ${addr.join(".")}/${prefixLen}`;
    this.#set(name, "SIOCSIFADDR", SIOCSIFADDR, addressRequest(name, addr), doing);
    this.#set(name, "SIOCSIFNETMASK", SIOCSIFNETMASK, addressRequest(name, mask), doing);
  }

  /** Gives an interface an IPv6 address (16 bytes), by struct in6_ifreq. */
  setAddress6(name: string, addr: Uint8Array, prefixLen: number): void {
    const request = new Uint8Array(IN6_IFREQ.LEN);
    const dv = new DataView(request.buffer);
    request.set(addr, IN6_IFREQ.ADDR);
    dv.setUint32(IN6_IFREQ.PREFIXLEN, prefixLen, true);
    dv.setInt32(IN6_IFREQ.IFINDEX, this.index(name), true);
    const doing = `cannot give ${name} an IPv6 address`;
    const fd = this.#sys.socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const noIpv6 = "this host has no IPv6 (sysctl net.ipv6.conf.all.disable_ipv6)";
    check(fd, "socket", doing, { path: name, advice: noIpv6 });
    const result = this.#sys.ioctl(fd, SIOCSIFADDR, request);
    this.#sys.close(fd);
    const advice = result === -EPERM ? "run with sudo, or give CAP_NET_ADMIN" : noIpv6;
    check(result, "SIOCSIFADDR", doing, { path: name, advice });
  }

  /** Makes `port` a port of a Linux bridge. */
  addToBridge(bridge: string, port: string): void {
    const index = this.index(port);
    this.index(bridge); // says so when there is none
    const request = interfaceRequest(bridge);
    new DataView(request.buffer).setInt32(IFREQ.IFINDEX, index, true);
    const result = this.#sys.ioctl(this.#fd, SIOCBRADDIF, request);
    const doing = `cannot make ${port} a port of ${bridge}`;
    if (result === -EOPNOTSUPP || result === -EINVAL) {
      const advice = `${bridge} is no bridge: ip link show type bridge`;
      check(result, "SIOCBRADDIF", doing, { path: bridge, advice });
    }
    const advice = result === -EPERM ? "run with sudo, or give CAP_NET_ADMIN" : undefined;
    check(result, "SIOCBRADDIF", doing, { path: bridge, advice });
  }

  #get(name: string, syscall: string, ioctl: number): DataView<ArrayBuffer> {
    const request = interfaceRequest(name);
    const result = this.#sys.ioctl(this.#fd, ioctl, request);
    if (result === -ENODEV) {
      const advice = "ip link shows those there are";
      throw new SysError(syscall, ENODEV, `no such interface ${name}`, { path: name, advice });
    }
    check(result, syscall, `cannot ask about ${name}`, { path: name });
    return new DataView(request.buffer);
  }

  #set(name: string, syscall: string, ioctl: number, request: Uint8Array, doing: string): void {
    const result = this.#sys.ioctl(this.#fd, ioctl, request as Uint8Array<ArrayBuffer>);
    const advice = result === -EPERM ? "run with sudo, or give CAP_NET_ADMIN" : undefined;
    check(result, syscall, doing, { path: name, advice });
  }
}

/** A struct ifreq with its name set. Throws ENAMETOOLONG. */
export function interfaceRequest(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length >= IFNAMSIZ) {
    const advice = `an interface's name has at most ${IFNAMSIZ - 1} bytes`;
    throw new SysError("ioctl", ENAMETOOLONG, `cannot use the interface name ${name}`, {
      path: name,
      advice,
    });
  }
  const request = new Uint8Array(IFREQ.LEN);
  request.set(bytes, IFREQ.NAME);
  return request;
}

function addressRequest(name: string, addr: Uint8Array): Uint8Array<ArrayBuffer> {
  const request = interfaceRequest(name);
  new DataView(request.buffer).setUint16(IFREQ.ADDR + SOCKADDR_IN.FAMILY, AF_INET, true);
  request.set(addr, IFREQ.ADDR + SOCKADDR_IN.ADDR);
  return request;
}
