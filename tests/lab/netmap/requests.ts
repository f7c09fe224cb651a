/**
 * NIOCCTRL and NIOCREGIF as netmap answers them: structures are read and written, what is asked is
 * somebody else's to do. Every answer is `n | -errno`.
 *
 * @module
 */
import {
  NETMAP_HW_RING,
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
  NR_REG_ALL_NIC,
  NR_REG_ONE_NIC,
} from "../../../ffi/abi/netmap.ts";
import { EINVAL, ENOENT, ENXIO, EOPNOTSUPP } from "../../../ffi/errno.ts";

const API_MIN = 14;
const API_MAX = 15;
const LEGACY_API_MIN = 11;
const RING_MASK = 0xfff;
const MODE_MASK = 0xf;

export interface Binding {
  name: string;
  memId: number;
  /** null: all. */
  ring: number | null;
}

/** Where the port's netmap_if is, in how much memory. */
export interface Region {
  ifOff: number;
  memoryLen: number;
}

export interface Module {
  /** The API that it speaks instead of 14 and 15. */
  readonly api?: number;
  /** A module from before NIOCCTRL. */
  readonly isOld?: boolean;
  register(binding: Binding): Region | number;
  /** Sets the virtio-net header's length of a VALE port. */
  setHeaderLen(name: string, lenBytes: number): number;
  headerLen(name: string): number;
  /** The ports of all switches, an attached interface's too, each with the name of its switch. */
  switchPorts(): string[];
}

/** Bytes of the body of a request; 0: it is not known. */
export function bodyLen(header: Uint8Array): number {
  switch (viewOf(header).getUint16(NMREQ_HEADER.REQTYPE, true)) {
    case NETMAP_REQ_REGISTER:
      return NMREQ_REGISTER.LEN;
    case NETMAP_REQ_PORT_INFO_GET:
      return NMREQ_PORT_INFO_GET_LEN;
    case NETMAP_REQ_PORT_HDR_SET:
    case NETMAP_REQ_PORT_HDR_GET:
      return NMREQ_PORT_HDR.LEN;
    case NETMAP_REQ_VALE_LIST:
      return NMREQ_VALE_LIST.LEN;
    default:
      return 0;
  }
}

/** NIOCCTRL. The body is read and written. */
export function answerControl(module: Module, header: Uint8Array, body: Uint8Array): number {
  if (module.isOld) return -EOPNOTSUPP;
  const asked = viewOf(header);
  const version = asked.getUint16(NMREQ_HEADER.VERSION, true);
  const { api } = module;
  if (api === undefined ? version < API_MIN || version > API_MAX : version !== api) return -EINVAL;
  const name = textAt(header, NMREQ_HEADER.NAME, NMREQ_HEADER.OPTIONS);
  const dv = viewOf(body);
  switch (asked.getUint16(NMREQ_HEADER.REQTYPE, true)) {
    case NETMAP_REQ_PORT_INFO_GET:
      return 0;
    case NETMAP_REQ_PORT_HDR_SET:
      if (!name.startsWith("vale") || /[{}]/.test(name)) return -ENXIO;
      return module.setHeaderLen(name, dv.getUint32(NMREQ_PORT_HDR.HDR_LEN, true));
    case NETMAP_REQ_PORT_HDR_GET: {
      const len = module.headerLen(name);
      if (len < 0) return len;
      dv.setUint32(NMREQ_PORT_HDR.HDR_LEN, len, true);
      return 0;
    }
    case NETMAP_REQ_VALE_LIST:
      return name === "" ? nextSwitchPort(module, header, dv) : -EINVAL;
    case NETMAP_REQ_REGISTER:
      return register(module, name, dv);
    default:
      return -EINVAL;
  }
}

/** As if they were all on the first switch. */
function nextSwitchPort(module: Module, header: Uint8Array, dv: DataView): number {
  const port = dv.getUint32(NMREQ_VALE_LIST.PORT, true);
  const found = dv.getUint16(NMREQ_VALE_LIST.SWITCH, true) === 0 && module.switchPorts()[port];
  if (!found) return -ENOENT;
  header.fill(0, NMREQ_HEADER.NAME, NMREQ_HEADER.OPTIONS);
  header.set(new TextEncoder().encode(found), NMREQ_HEADER.NAME);
  return 0;
}

function register(module: Module, name: string, dv: DataView): number {
  const mode = dv.getUint32(NMREQ_REGISTER.MODE, true);
  if (mode !== NR_REG_ALL_NIC && mode !== NR_REG_ONE_NIC) return -EINVAL;
  const ring = mode === NR_REG_ALL_NIC ? null : dv.getUint16(NMREQ_REGISTER.RINGID, true);
  const memId = dv.getUint16(NMREQ_REGISTER.MEM_ID, true);
  const region = module.register({ name, memId, ring });
  if (typeof region === "number") return region;
  dv.setBigUint64(NMREQ_REGISTER.OFFSET, BigInt(region.ifOff), true);
  dv.setBigUint64(NMREQ_REGISTER.MEMSIZE, BigInt(region.memoryLen), true);
  return 0;
}

/** NIOCREGIF with its struct nmreq, which is read and written. */
export function answerLegacy(module: Module, request: number, argument: Uint8Array): number {
  const dv = viewOf(argument);
  if (request !== NIOCREGIF || dv.getUint32(NMREQ.VERSION, true) < LEGACY_API_MIN) return -EINVAL;
  const asked = dv.getUint16(NMREQ.RINGID, true);
  const mode = dv.getUint32(NMREQ.FLAGS, true) & MODE_MASK;
  const isOne = mode === NR_REG_ONE_NIC && (asked & NETMAP_HW_RING) !== 0;
  const region = module.register({
    name: textAt(argument, NMREQ.NAME, NMREQ.VERSION),
    memId: dv.getUint16(NMREQ.MEM_ID, true),
    ring: isOne ? asked & RING_MASK : null,
  });
  if (typeof region === "number") return region;
  dv.setUint32(NMREQ.OFFSET, region.ifOff, true);
  dv.setUint32(NMREQ.MEMSIZE, region.memoryLen, true);
  return 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textAt(bytes: Uint8Array, from: number, to: number): string {
  return new TextDecoder().decode(bytes.subarray(from, to)).split("\0")[0];
}
