/**
 * Binds a descriptor to a netmap port: the version, the request, and what each refusal means.
 *
 * NIOCCTRL (API 14 and 15) is tried first, by a question that changes nothing; a module that does
 * not know it is asked by the NIOCREGIF of the years before. All rings are asked for exclusively:
 * two stacks on one ring would each get every other frame.
 *
 * @module
 */
import {
  NETMAP_API,
  NETMAP_HW_RING,
  NETMAP_LEGACY_API,
  NETMAP_NO_TX_POLL,
  NETMAP_REQ_PORT_HDR_GET,
  NETMAP_REQ_PORT_HDR_SET,
  NETMAP_REQ_PORT_INFO_GET,
  NETMAP_REQ_REGISTER,
  NETMAP_REQ_VALE_LIST,
  NIOCREGIF,
  NMREQ,
  NMREQ_HEADER,
  NMREQ_PORT_HDR,
  NMREQ_PORT_INFO_GET_LEN,
  NMREQ_REGISTER,
  NMREQ_VALE_LIST,
  NR_ACCEPT_VNET_HDR,
  NR_EXCLUSIVE,
  NR_NO_TX_POLL,
  NR_REG_ALL_NIC,
  NR_REG_ONE_NIC,
} from "../../../ffi/abi/netmap.ts";
import { VIRTIO_NET_HDR } from "../../../ffi/abi/virtio_net.ts";
import {
  check,
  EACCES,
  EBUSY,
  EINVAL,
  EIO,
  ENOMEM,
  ENXIO,
  EPERM,
  SysError,
} from "../../../ffi/errno.ts";
import { NETMAP_DEVICE, type NetmapKernel } from "../../../ffi/netmap.ts";
import { cText } from "../../../stack/mod.ts";
import type { PortName } from "./port_name.ts";

export interface Registration {
  /** Where struct netmap_if is in the memory to map, and how long that is. */
  readonly ifOff: number;
  readonly memoryLen: number;
  /** Bytes of virtio-net header before each frame: 0, 10 or 12. */
  readonly vnetLen: number;
  /** By NIOCREGIF. */
  readonly isLegacy: boolean;
}

/** More than a module has, of all its switches. */
const VALE_PORTS_MAX = 1 << 14;

const UNLOADED_ADVICE = "load netmap's module with modprobe netmap, or use NUSEVIF=RAW or TAP";

/** Registers `port` on the open descriptor `fd`. Throws SysError. */
export function register(kernel: NetmapKernel, fd: number, port: PortName): Registration {
  if (!speaksControl(kernel, fd)) return registerLegacy(kernel, fd, port);
  const body = new Uint8Array(NMREQ_REGISTER.LEN);
  const dv = new DataView(body.buffer);
  dv.setUint16(NMREQ_REGISTER.MEM_ID, port.memId, true);
  dv.setUint16(NMREQ_REGISTER.RINGID, port.ring ?? 0, true);
  dv.setUint32(NMREQ_REGISTER.MODE, port.ring === null ? NR_REG_ALL_NIC : NR_REG_ONE_NIC, true);
  const flags = NR_EXCLUSIVE | NR_ACCEPT_VNET_HDR | NR_NO_TX_POLL;
  dv.setUint32(NMREQ_REGISTER.FLAGS, flags, true);
  const r = kernel.control(fd, requestHeader(NETMAP_REQ_REGISTER, port.name), body);
  if (r < 0) throw refusal(r, port);
  return {
    ifOff: Number(dv.getBigUint64(NMREQ_REGISTER.OFFSET, true)),
    memoryLen: Number(dv.getBigUint64(NMREQ_REGISTER.MEMSIZE, true)),
    vnetLen: headerLength(kernel, fd, port),
    isLegacy: false,
  };
}

/** Whether the module takes our version of NIOCCTRL. Throws SysError when it takes another one. */
function speaksControl(kernel: NetmapKernel, fd: number): boolean {
  // Without a name: what is known about the common memory region.
  const header = requestHeader(NETMAP_REQ_PORT_INFO_GET, "");
  const r = kernel.control(fd, header, new Uint8Array(NMREQ_PORT_INFO_GET_LEN));
  if (r === -EINVAL) {
    throw new SysError("NIOCCTRL", r, `${NETMAP_DEVICE} does not take API ${NETMAP_API}`, {
      path: NETMAP_DEVICE,
      advice: "the loaded netmap module is too new or too old: nuse needs one with API 14 or 15",
    });
  }
  return r >= 0;
}

/** struct nmreq_header; the body's address is filled in by the call. */
export function requestHeader(reqType: number, name: string): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(NMREQ_HEADER.LEN);
  const dv = new DataView(header.buffer);
  dv.setUint16(NMREQ_HEADER.VERSION, NETMAP_API, true);
  dv.setUint16(NMREQ_HEADER.REQTYPE, reqType, true);
  header.set(new TextEncoder().encode(name), NMREQ_HEADER.NAME);
  return header;
}

/** Asks for virtio-net headers where they can be had; returns how long they are. */
function headerLength(kernel: NetmapKernel, fd: number, port: PortName): number {
  if (!hasPortWithoutHeaders(kernel, fd, port.name)) {
    const body = new Uint8Array(NMREQ_PORT_HDR.LEN);
    new DataView(body.buffer).setUint32(NMREQ_PORT_HDR.HDR_LEN, VIRTIO_NET_HDR.LEN, true);
    // Only VALE ports take this; others tell what they have.
    kernel.control(fd, requestHeader(NETMAP_REQ_PORT_HDR_SET, port.name), body);
  }
  return Math.max(0, headerLengthOf(kernel, fd, port.name));
}

function headerLengthOf(kernel: NetmapKernel, fd: number, name: string): number {
  const body = new Uint8Array(NMREQ_PORT_HDR.LEN);
  const got = kernel.control(fd, requestHeader(NETMAP_REQ_PORT_HDR_GET, name), body);
  return got < 0 ? got : new DataView(body.buffer).getUint32(NMREQ_PORT_HDR.HDR_LEN, true);
}

/**
 * Whether another port of `own`'s switch, such as an interface that is attached to it, has no
 * virtio-net headers. Where the switch puts an empty one before a frame whose first slot is full
 * (what a veth's other end leaves to be segmented), it writes over the end of our buffer, and the
 * frame is lost.
 */
function hasPortWithoutHeaders(kernel: NetmapKernel, fd: number, own: string): boolean {
  const onSwitch = own.slice(0, own.indexOf(":") + 1);
  if (!onSwitch.startsWith("vale")) return false;
  const body = new Uint8Array(NMREQ_VALE_LIST.LEN);
  const dv = new DataView(body.buffer);
  for (let i = 0; i < VALE_PORTS_MAX; i++) {
    const header = requestHeader(NETMAP_REQ_VALE_LIST, "");
    if (kernel.control(fd, header, body) < 0) return false; // that was the last
    const name = cText(header.subarray(NMREQ_HEADER.NAME, NMREQ_HEADER.OPTIONS));
    if (name !== own && name.startsWith(onSwitch) && headerLengthOf(kernel, fd, name) === 0) {
      return true;
    }
    dv.setUint32(NMREQ_VALE_LIST.PORT, dv.getUint32(NMREQ_VALE_LIST.PORT, true) + 1, true);
  }
  return false;
}

function registerLegacy(kernel: NetmapKernel, fd: number, port: PortName): Registration {
  const request = new Uint8Array(NMREQ.LEN);
  const dv = new DataView(request.buffer);
  request.set(new TextEncoder().encode(port.name), NMREQ.NAME);
  dv.setUint32(NMREQ.VERSION, NETMAP_LEGACY_API, true);
  const ring = port.ring === null ? 0 : NETMAP_HW_RING | port.ring;
  dv.setUint16(NMREQ.RINGID, ring | NETMAP_NO_TX_POLL, true);
  dv.setUint16(NMREQ.MEM_ID, port.memId, true);
  const mode = port.ring === null ? NR_REG_ALL_NIC : NR_REG_ONE_NIC;
  dv.setUint32(NMREQ.FLAGS, mode | NR_EXCLUSIVE, true);
  const r = kernel.legacy(fd, NIOCREGIF, request);
  if (r < 0) throw refusal(r, port);
  return {
    ifOff: dv.getUint32(NMREQ.OFFSET, true),
    memoryLen: dv.getUint32(NMREQ.MEMSIZE, true),
    vnetLen: 0,
    isLegacy: true,
  };
}

function refusal(errno: number, port: PortName): SysError {
  const doing = `netmap does not give us the port ${port.name}`;
  return new SysError("NIOCCTRL", errno, doing, { path: port.name, advice: advice(errno, port) });
}

function advice(errno: number, { name, ring }: PortName): string | undefined {
  switch (-errno) {
    case EBUSY:
      return "another program or a VALE switch has it: end that first";
    case ENOMEM:
      return "its buffers are used up: raise buf_num in /sys/module/netmap/parameters, or end " +
        "another program that uses netmap";
    case ENXIO:
      return "there is no such interface or port: ip link shows those there are";
    case EIO:
      return "the port needs virtio-net headers of another kind";
    case EINVAL:
      return ring === null
        ? "not with this module: NUSEVIF=RAW works on any interface"
        : `ring ${ring} may not exist: ethtool -l ${name} says how many there are`;
    default:
      return undefined;
  }
}

/** Opens the device. Throws SysError. */
export function openNetmapDevice(kernel: NetmapKernel): number {
  const fd = kernel.open();
  const isDenied = fd === -EACCES || fd === -EPERM;
  return check(fd, "open", `cannot open ${NETMAP_DEVICE}`, {
    path: NETMAP_DEVICE,
    advice: isDenied ? "run with sudo: the device is root's" : UNLOADED_ADVICE,
  });
}
