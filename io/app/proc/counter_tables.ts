/**
 * /proc/net/snmp and /proc/net/netstat: the stack's counters under Linux's names, a line of names
 * and a line of values for each group, as nstat and `netstat -s` read them. What the stack does not
 * count is 0 in snmp, whose columns are fixed, and left out of netstat.
 *
 * @module
 */
import type { Stack } from "../../../stack/mod.ts";

/** The columns of snmp. */
const IP = "Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams " +
  "InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout " +
  "ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates OutTransmits";
const ICMP = "InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs " +
  "InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps " +
  "OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost OutDestUnreachs OutTimeExcds " +
  "OutParmProbs OutSrcQuenchs OutRedirects OutEchos OutEchoReps OutTimestamps " +
  "OutTimestampReps OutAddrMasks OutAddrMaskReps";
const TCP = "RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails " +
  "EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors";
const UDP = "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors " +
  "IgnoredMulti MemErrors";

/** Of TcpExt, in Linux's order and spelling: those that the stack counts. */
const TCP_EXT = "SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts OfoPruned " +
  "OutOfWindowIcmps TW PAWSActive PAWSEstab PAWSTimewait BeyondWindow DelayedACKs " +
  "ListenOverflows ListenDrops TCPRenoRecovery TCPSackRecovery TCPSACKReneging TCPFullUndo " +
  "TCPPartialUndo TCPDSACKUndo TCPLossUndo TCPLostRetransmit TCPFastRetrans " +
  "TCPSlowStartRetrans TCPTimeouts TCPLossProbes TCPLossProbeRecovery TCPDSACKOldSent " +
  "TCPDSACKOfoSent TCPDSACKRecv TCPAbortOnData TCPAbortOnClose TCPAbortOnMemory " +
  "TCPAbortOnTimeout TCPAbortOnLinger TCPMemoryPressures TCPSACKDiscard TCPSpuriousRTOs " +
  "TCPDeferAcceptDrop TCPTimeWaitOverflow TCPReqQFullDoCookies TCPReqQFullDrop TCPOFOQueue " +
  "TCPOFODrop TCPChallengeACK TCPSYNChallenge TCPFastOpenActive TCPFastOpenActiveFail " +
  "TCPFastOpenPassive TCPFastOpenPassiveFail TCPFastOpenListenOverflow " +
  "TCPFastOpenCookieReqd TCPFastOpenBlackhole TCPFromZeroWindowAdv TCPToZeroWindowAdv " +
  "TCPSynRetrans TCPOrigDataSent TCPACKSkippedSynRecv TCPACKSkippedSeq TCPACKSkippedTimeWait " +
  "TCPACKSkippedChallenge TCPWinProbe TCPKeepAlive TCPMTUPFail TCPMTUPSuccess TCPDelivered " +
  "TCPZeroWindowDrop TCPRcvQDrop TCPFastOpenPassiveAltKey";
const IP_EXT = "InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts " +
  "InOctets OutOctets InCsumErrors";

type Counts = Readonly<Record<string, number>>;

/** By Linux's spelling, with or without its "TCP": undefined when it is not counted. */
export function countOf(counts: Counts, name: string): number | undefined {
  const wanted = [name.toLowerCase(), name.replace(/^TCP/, "").toLowerCase()];
  return Object.entries(counts).find(([key]) => wanted.includes(key.toLowerCase()))?.[1];
}

/** `own`: what is no counter. */
function group(title: string, columns: string, counts: object, own: Counts = {}): string {
  const names = columns.split(" ");
  const values = names.map((name) => own[name] ?? countOf(counts as Counts, name) ?? 0);
  return `${title}: ${names.join(" ")}\n${title}: ${values.join(" ")}\n`;
}

const RTO_ALGORITHM_OTHER = 1;
const UNLIMITED = -1;
const FORWARDS = 1;
const FORWARDS_NOT = 2;

export function snmp({ counters, config }: Stack): string {
  const ip = {
    Forwarding: config.ip.forward ? FORWARDS : FORWARDS_NOT,
    DefaultTTL: config.ip.defaultTtl,
  };
  const tcp = {
    RtoAlgorithm: RTO_ALGORITHM_OTHER,
    RtoMin: config.tcp.rtoMinUs / 1000,
    RtoMax: config.tcp.rtoMaxUs / 1000,
    MaxConn: UNLIMITED,
  };
  return group("Ip", IP, counters.ip, ip) + group("Icmp", ICMP, counters.icmp) +
    group("Tcp", TCP, counters.tcp, tcp) + group("Udp", UDP, counters.udp) +
    group("UdpLite", UDP, {});
}

export function netstat({ counters }: Stack): string {
  return group("TcpExt", TCP_EXT, counters.tcp) + group("IpExt", IP_EXT, counters.ip);
}

/** Every name that is told, for the test that each of them is counted. */
export const COUNTED_NAMES = { tcp: TCP_EXT.split(" "), ip: IP_EXT.split(" ") } as const;
