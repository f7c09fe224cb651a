/**
 * The counters of one stack, in groups. Names are those of Linux's nstat where it has one, with the
 * "TCP" of TcpExt left out and in camel case: IpReasmOKs is `ip.reasmOks`, TcpExtTCPLossProbes is
 * `tcp.lossProbes`. Plain numbers: `counters.tcp.inSegs++`.
 *
 * @module
 */
import { DROP_NAMES } from "./drop_reason.ts";
import { countDropInGroups } from "./drop_counters.ts";
import { type LogSink, SILENT_LOG } from "./log.ts";
import { DROP_EVENTS } from "./log_event.ts";

/** Ip and IpExt. */
export class IpCounters {
  inReceives = 0;
  inHdrErrors = 0;
  inAddrErrors = 0;
  inUnknownProtos = 0;
  inDiscards = 0;
  inDelivers = 0;
  outRequests = 0;
  outDiscards = 0;
  outNoRoutes = 0;
  inNoRoutes = 0;
  forwDatagrams = 0;
  redirectsFollowed = 0; // not in nstat
  outTransmits = 0;
  reasmTimeout = 0;
  reasmReqds = 0;
  reasmOks = 0;
  reasmFails = 0;
  fragOks = 0;
  fragFails = 0;
  fragCreates = 0;
  inTruncatedPkts = 0;
  inMcastPkts = 0;
  outMcastPkts = 0;
  inBcastPkts = 0;
  outBcastPkts = 0;
  inOctets = 0;
  outOctets = 0;
  inCsumErrors = 0;
}

/** Icmp. */
export class IcmpCounters {
  inMsgs = 0;
  inErrors = 0;
  inCsumErrors = 0;
  inDestUnreachs = 0;
  inTimeExcds = 0;
  inParmProbs = 0;
  inSrcQuenchs = 0;
  inRedirects = 0;
  inEchos = 0;
  inEchoReps = 0;
  inTimestamps = 0;
  inTimestampReps = 0;
  outMsgs = 0;
  outErrors = 0;
  outRateLimitGlobal = 0;
  outRateLimitHost = 0;
  outDestUnreachs = 0;
  outTimeExcds = 0;
  outParmProbs = 0;
  outRedirects = 0;
  outEchoReps = 0;
}

/** Not in nstat. */
export class IgmpCounters {
  inMsgs = 0;
  inErrors = 0;
  inQueries = 0;
  inReports = 0; // of other hosts
  outReports = 0;
  outLeaves = 0;
  suppressed = 0; // reports that another host's made needless
}

/** Not in nstat. */
export class ArpCounters {
  inRequests = 0;
  inReplies = 0;
  inErrors = 0;
  outRequests = 0;
  outReplies = 0;
  conflicts = 0; // somebody else uses an address of ours
  queueDrops = 0; // packets given up waiting for an answer
}

/** Udp. */
export class UdpCounters {
  inDatagrams = 0;
  noPorts = 0;
  inErrors = 0;
  outDatagrams = 0;
  rcvbufErrors = 0;
  inCsumErrors = 0;
}

/** Raw and ping sockets; not in nstat. */
export class RawCounters {
  inDatagrams = 0;
  rcvbufErrors = 0;
  outDatagrams = 0;
}

/** Tcp and TcpExt. */
export class TcpCounters {
  activeOpens = 0;
  passiveOpens = 0;
  attemptFails = 0;
  estabResets = 0;
  currEstab = 0; // a gauge: ESTABLISHED and CLOSE-WAIT
  inSegs = 0;
  outSegs = 0;
  retransSegs = 0;
  inErrs = 0;
  outRsts = 0;
  inCsumErrors = 0;
  syncookiesSent = 0;
  syncookiesRecv = 0;
  syncookiesFailed = 0;
  embryonicRsts = 0;
  outOfWindowIcmps = 0;
  tw = 0;
  pawsActive = 0;
  pawsEstab = 0;
  pawsTimewait = 0;
  beyondWindow = 0;
  delayedAcks = 0;
  listenOverflows = 0;
  listenDrops = 0;
  renoRecovery = 0;
  sackRecovery = 0;
  sackReneging = 0;
  fullUndo = 0;
  partialUndo = 0;
  dsackUndo = 0;
  lossUndo = 0;
  lostRetransmit = 0;
  fastRetrans = 0;
  slowStartRetrans = 0;
  timeouts = 0;
  lossProbes = 0;
  lossProbeRecovery = 0;
  dsackOldSent = 0;
  dsackOfoSent = 0;
  dsackRecv = 0;
  sackDiscard = 0;
  abortOnData = 0;
  abortOnClose = 0;
  abortOnMemory = 0;
  abortOnTimeout = 0;
  abortOnLinger = 0;
  memoryPressures = 0;
  spuriousRtos = 0;
  deferAcceptDrop = 0;
  timeWaitOverflow = 0;
  reqQFullDoCookies = 0;
  reqQFullDrop = 0;
  ofoQueue = 0;
  ofoDrop = 0;
  ofoPruned = 0;
  challengeAck = 0;
  synChallenge = 0;
  fastOpenActive = 0;
  fastOpenActiveFail = 0;
  fastOpenPassive = 0;
  fastOpenPassiveFail = 0;
  fastOpenPassiveAltKey = 0;
  fastOpenListenOverflow = 0;
  fastOpenCookieReqd = 0;
  fastOpenBlackhole = 0;
  fromZeroWindowAdv = 0;
  toZeroWindowAdv = 0;
  synRetrans = 0;
  origDataSent = 0;
  ackSkippedSynRecv = 0;
  ackSkippedSeq = 0;
  ackSkippedTimeWait = 0;
  ackSkippedChallenge = 0;
  winProbe = 0;
  keepAlive = 0;
  mtupFail = 0;
  mtupSuccess = 0;
  delivered = 0;
  zeroWindowDrop = 0;
  rcvQDrop = 0;
  badOptions = 0; // not in nstat: malformed options, ignored from the fault on
}

/** All devices together; as `ip -s link` names them. */
export class DeviceCounters {
  rxPackets = 0; // frames; several when coalesced count once
  rxBytes = 0;
  rxDropped = 0;
  txPackets = 0;
  txBytes = 0;
  txDropped = 0;
  rxGro = 0; // frames that held several segments
  txGso = 0; // frames left to the device to cut
}

const GROUPS = [
  "ip",
  "ip6",
  "icmp",
  "icmp6",
  "igmp",
  "mld",
  "arp",
  "ndp",
  "udp",
  "raw",
  "tcp",
  "device",
] as const;

export class Counters {
  readonly ip: IpCounters = new IpCounters();
  /** Ip6; a packet that is dropped counts in `ip`, whatever its version. */
  readonly ip6: IpCounters = new IpCounters();
  readonly icmp: IcmpCounters = new IcmpCounters();
  readonly icmp6: IcmpCounters = new IcmpCounters();
  readonly igmp: IgmpCounters = new IgmpCounters();
  /** Multicast listener discovery, which is IGMP for IPv6. */
  readonly mld: IgmpCounters = new IgmpCounters();
  readonly arp: ArpCounters = new ArpCounters();
  /** Neighbour discovery, which is ARP for IPv6: solicitations and advertisements. */
  readonly ndp: ArpCounters = new ArpCounters();
  readonly udp: UdpCounters = new UdpCounters();
  readonly raw: RawCounters = new RawCounters();
  readonly tcp: TcpCounters = new TcpCounters();
  readonly device: DeviceCounters = new DeviceCounters();
  /** Dropped packets by -reason (drop_reason.ts). */
  readonly drops: Float64Array = new Float64Array(DROP_NAMES.length);

  /** `log` hears of every dropped packet. */
  constructor(readonly log: LogSink = SILENT_LOG) {}

  /** Counts a dropped packet under its reason (DROP_*, negative) and where nstat would show it. */
  drop(reason: number): void {
    this.drops[-reason]++;
    countDropInGroups(this, reason);
    const event = DROP_EVENTS[-reason];
    if (this.log.isOn[event] !== 0) this.log.plain(event, 0, -reason);
  }

  /** Every counter by its full name, "ip.inHdrErrors", "drop.ipv4Checksum"; zeros too. */
  snapshot(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const group of GROUPS) {
      for (const [name, value] of Object.entries(this[group])) all[`${group}.${name}`] = value;
    }
    for (let i = 1; i < DROP_NAMES.length; i++) all[`drop.${DROP_NAMES[i]}`] = this.drops[i];
    return all;
  }
}
