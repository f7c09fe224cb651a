/**
 * Every offset, size and constant of ffi/abi, and the numbers of Linux that stack/ has on its own
 * (it must not import ffi/), against what a C program prints on this machine. What the installed
 * headers do not know yet is skipped.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import * as bpf from "../../ffi/abi/bpf.ts";
import * as epoll from "../../ffi/abi/epoll.ts";
import * as file from "../../ffi/abi/file.ts";
import * as iface from "../../ffi/abi/interface.ts";
import * as message from "../../ffi/message.ts";
import * as netmap from "../../ffi/abi/netmap.ts";
import * as packet from "../../ffi/abi/packet.ts";
import * as socket from "../../ffi/abi/socket.ts";
import { SYSCALLS } from "../../ffi/abi/syscalls.ts";
import * as tun from "../../ffi/abi/tun.ts";
import * as virtio from "../../ffi/abi/virtio_net.ts";
import { SECCOMP_NOTIF } from "../../ffi/door.ts";
import * as errno from "../../ffi/errno.ts";
import * as stackErrno from "../../stack/base/errno.ts";
import * as stackSocket from "../../stack/base/socket_constants.ts";
import * as protocols from "./protocol_claims.ts";

const HEADERS = `
  errno.h fcntl.h poll.h sched.h stddef.h stdio.h time.h sys/epoll.h sys/ioctl.h sys/socket.h
  sys/syscall.h sys/uio.h sys/un.h netinet/in.h netinet/udp.h net/if.h net/if_arp.h linux/bpf.h
  linux/ethtool.h linux/filter.h linux/if_ether.h linux/if_packet.h linux/if_tun.h linux/seccomp.h
  linux/sockios.h linux/version.h linux/virtio_net.h
`.trim().split(/\s+/);

interface Claim {
  name: string;
  value: number;
  /** C expression. */
  expression: string;
  /** Preprocessor condition under which it can be checked. */
  condition: string;
}

const claims: Claim[] = [];

/** Numbers of a module under their C names, as they are. */
function claimConstants(module: object, aliases: Record<string, string> = {}): void {
  for (const [name, value] of Object.entries(module)) {
    if (typeof value !== "number") continue;
    const expression = aliases[name] ?? name;
    // An alias may be any expression, and is only given where the headers have it.
    const condition = name in aliases || ENUMS.has(name) ? "1" : `defined(${name})`;
    claims.push({ name, value, expression, condition });
  }
}

const ENUMS = new Set(["SHUT_RD", "SHUT_WR", "SHUT_RDWR", "BPF_PROG_TYPE_SCHED_CLS"]);

/** Length and offsets of a struct: `fields` names the member for each key of the layout. */
function claimLayout(
  layout: Record<string, number>,
  struct: string,
  fields: Record<string, string>,
  condition = "1",
): void {
  const keys = Object.keys(layout).filter((key) => !(key in { LEN: 1, DRIVER_LEN: 1 }));
  assertEquals(keys.sort(), Object.keys(fields).sort(), `fields of ${struct}`);
  if ("LEN" in layout) {
    const [name, expression] = [`sizeof ${struct}`, `sizeof(${struct})`];
    claims.push({ name, value: layout.LEN, expression, condition });
  }
  for (const [key, member] of Object.entries(fields)) {
    const expression = `offsetof(${struct}, ${member})`;
    claims.push({ name: `${struct} ${member}`, value: layout[key], expression, condition });
  }
}

function claimStructs(): void {
  claimLayout(epoll.EPOLL_EVENT, "struct epoll_event", { EVENTS: "events", DATA: "data" });
  claimLayout(message.IOVEC, "struct iovec", { BASE: "iov_base", BYTES: "iov_len" });
  claimLayout(message.MMSGHDR, "struct mmsghdr", {
    NAME: "msg_hdr.msg_name",
    NAME_LEN: "msg_hdr.msg_namelen",
    IOV: "msg_hdr.msg_iov",
    IOV_COUNT: "msg_hdr.msg_iovlen",
    CONTROL: "msg_hdr.msg_control",
    CONTROL_LEN: "msg_hdr.msg_controllen",
    FLAGS: "msg_hdr.msg_flags",
    BYTES: "msg_len",
  });
  claimLayout(packet.SOCKADDR_LL, "struct sockaddr_ll", {
    FAMILY: "sll_family",
    PROTOCOL: "sll_protocol",
    IFINDEX: "sll_ifindex",
    HATYPE: "sll_hatype",
    PKTTYPE: "sll_pkttype",
    HALEN: "sll_halen",
    ADDR: "sll_addr",
  });
  claimLayout(packet.PACKET_MREQ, "struct packet_mreq", {
    IFINDEX: "mr_ifindex",
    TYPE: "mr_type",
    ALEN: "mr_alen",
    ADDRESS: "mr_address",
  });
  claimLayout(packet.TPACKET_STATS, "struct tpacket_stats", {
    PACKETS: "tp_packets",
    DROPS: "tp_drops",
  });
  claimLayout(iface.IFREQ, "struct ifreq", {
    NAME: "ifr_name",
    FLAGS: "ifr_flags",
    IFINDEX: "ifr_ifindex",
    MTU: "ifr_mtu",
    QUEUE_LEN: "ifr_qlen",
    HWADDR_FAMILY: "ifr_hwaddr.sa_family",
    HWADDR: "ifr_hwaddr.sa_data",
    ADDR: "ifr_addr",
  });
  claimLayout(iface.ETHTOOL_DRVINFO, "struct ethtool_drvinfo", { CMD: "cmd", DRIVER: "driver" });
  claimLayout(iface.ETHTOOL_VALUE, "struct ethtool_value", { CMD: "cmd", DATA: "data" });
  claimLayout(socket.SOCKADDR_IN, "struct sockaddr_in", {
    FAMILY: "sin_family",
    PORT: "sin_port",
    ADDR: "sin_addr",
  });
  claimLayout(socket.SOCKADDR_UN, "struct sockaddr_un", { FAMILY: "sun_family", PATH: "sun_path" });
  claimLayout(SECCOMP_NOTIF, "struct seccomp_notif", {
    ID: "id",
    PID: "pid",
    NR: "data.nr",
    ARCH: "data.arch",
    ARGS: "data.args",
  });
  claimLayout(socket.UCRED, "struct ucred", { PID: "pid", UID: "uid", GID: "gid" });
  claimLayout(virtio.VIRTIO_NET_HDR, "struct virtio_net_hdr", {
    FLAGS: "flags",
    GSO_TYPE: "gso_type",
    HDR_LEN: "hdr_len",
    GSO_SIZE: "gso_size",
    CSUM_START: "csum_start",
    CSUM_OFFSET: "csum_offset",
  });
  claimLayout(bpf.SOCK_FILTER, "struct sock_filter", { CODE: "code", JT: "jt", JF: "jf", K: "k" });
}

/** Bit fields have no offset: only the rest of struct bpf_insn and of bpf_attr.link_create. */
function claimBpfStructs(): void {
  const insn = bpf.BPF_INSN;
  const link = bpf.LINK_CREATE;
  const claim = (name: string, value: number, expression: string) =>
    claims.push({ name, value, expression, condition: "1" });
  claim("sizeof bpf_insn", insn.LEN, "sizeof(struct bpf_insn)");
  claim("bpf_insn code", insn.CODE, "offsetof(struct bpf_insn, code)");
  claim("bpf_insn regs", insn.REGS, "offsetof(struct bpf_insn, code) + 1");
  claim("bpf_insn off", insn.OFF, "offsetof(struct bpf_insn, off)");
  claim("bpf_insn imm", insn.IMM, "offsetof(struct bpf_insn, imm)");
  claim("prog_fd", link.PROG_FD, "offsetof(union bpf_attr, link_create.prog_fd)");
  claim("ifindex", link.TARGET_IFINDEX, "offsetof(union bpf_attr, link_create.target_ifindex)");
  claim("attach", link.ATTACH_TYPE, "offsetof(union bpf_attr, link_create.attach_type)");
}

const BPF_ALIASES = {
  CBPF_LD_W: "BPF_LD | BPF_W | BPF_ABS",
  CBPF_LD_H: "BPF_LD | BPF_H | BPF_ABS",
  CBPF_LD_B: "BPF_LD | BPF_B | BPF_ABS",
  CBPF_JEQ: "BPF_JMP | BPF_JEQ | BPF_K",
  CBPF_JGE: "BPF_JMP | BPF_JGE | BPF_K",
  CBPF_JSET: "BPF_JMP | BPF_JSET | BPF_K",
  CBPF_JA: "BPF_JMP | BPF_JA",
  CBPF_RET: "BPF_RET | BPF_K",
  SKF_PACKET_TYPE: "SKF_AD_OFF + SKF_AD_PKTTYPE",
  SKF_VLAN_TAG_PRESENT: "SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT",
  EBPF_LD_ABS_W: "BPF_LD | BPF_W | BPF_ABS",
  EBPF_LD_ABS_H: "BPF_LD | BPF_H | BPF_ABS",
  EBPF_LDX_W: "BPF_LDX | BPF_W | BPF_MEM",
  EBPF_JEQ32_K: "BPF_JMP32 | BPF_JEQ | BPF_K",
  EBPF_JNE32_K: "BPF_JMP32 | BPF_JNE | BPF_K",
  EBPF_MOV64_X: "BPF_ALU64 | BPF_MOV | BPF_X",
  EBPF_MOV32_K: "BPF_ALU | BPF_MOV | BPF_K",
  EBPF_EXIT: "BPF_JMP | BPF_EXIT",
  BPF_LINK_CREATE: "BPF_LINK_CREATE",
  SK_BUFF_VLAN_PRESENT: "offsetof(struct __sk_buff, vlan_present)",
};

/** Enumerators that came with Linux 6.6. */
const TCX = ["BPF_TCX_INGRESS", "TCX_NEXT", "TCX_DROP"];

/** netmap comes with its module, not with Linux: checked where its headers are installed. */
const NETMAP_INCLUDES = [
  "#if defined(__has_include) && __has_include(<net/netmap.h>)",
  "#include <net/netmap.h>",
  "#ifdef __has_include",
  "#if __has_include(<net/netmap_legacy.h>)",
  "#include <net/netmap_legacy.h>",
  "#endif",
  "#endif",
  "#endif",
];

const IF_NETMAP = "defined(NETMAP_API)";

/** The rest of claimLayout's arguments. */
function members(struct: string, names: Record<string, string>) {
  return [`struct ${struct}`, names, IF_NETMAP] as const;
}

function claimNetmapMemory(): void {
  claimLayout(
    netmap.NETMAP_IF,
    ...members("netmap_if", {
      TX_RINGS: "ni_tx_rings",
      RX_RINGS: "ni_rx_rings",
      HOST_TX_RINGS: "ni_host_tx_rings",
      HOST_RX_RINGS: "ni_host_rx_rings",
      RING_OFS: "ring_ofs",
    }),
  );
  claimLayout(
    netmap.NETMAP_RING,
    ...members("netmap_ring", {
      BUF_OFS: "buf_ofs",
      NUM_SLOTS: "num_slots",
      BUF_SIZE: "nr_buf_size",
      HEAD: "head",
      CUR: "cur",
      TAIL: "tail",
    }),
  );
  claimLayout(
    netmap.NETMAP_SLOT,
    ...members("netmap_slot", { BUF_IDX: "buf_idx", BYTES: "len", FLAGS: "flags" }),
  );
}

function claimNetmap(): void {
  claimNetmapMemory();
  claimLayout(
    netmap.NMREQ_HEADER,
    ...members("nmreq_header", {
      VERSION: "nr_version",
      REQTYPE: "nr_reqtype",
      NAME: "nr_name",
      OPTIONS: "nr_options",
      BODY: "nr_body",
    }),
  );
  claimLayout(
    netmap.NMREQ_REGISTER,
    ...members("nmreq_register", {
      OFFSET: "nr_offset",
      MEMSIZE: "nr_memsize",
      TX_SLOTS: "nr_tx_slots",
      RX_SLOTS: "nr_rx_slots",
      TX_RINGS: "nr_tx_rings",
      RX_RINGS: "nr_rx_rings",
      MEM_ID: "nr_mem_id",
      RINGID: "nr_ringid",
      MODE: "nr_mode",
      FLAGS: "nr_flags",
    }),
  );
  claimLayout(netmap.NMREQ_PORT_HDR, ...members("nmreq_port_hdr", { HDR_LEN: "nr_hdr_len" }));
  claimLayout(
    netmap.NMREQ,
    ...members("nmreq", {
      NAME: "nr_name",
      VERSION: "nr_version",
      OFFSET: "nr_offset",
      MEMSIZE: "nr_memsize",
      RINGID: "nr_ringid",
      MEM_ID: "nr_arg2",
      FLAGS: "nr_flags",
    }),
  );
  const own = new Set(["NETMAP_LEGACY_API"]);
  const aliases: Record<string, string> = {
    NMREQ_PORT_INFO_GET_LEN: "sizeof(struct nmreq_port_info_get)",
    NMREQ_VALE_ATTACH_LEN: "sizeof(struct nmreq_vale_attach)",
    NMREQ_VALE_DETACH_LEN: "sizeof(struct nmreq_vale_detach)",
  };
  for (const [name, value] of Object.entries(netmap)) {
    if (typeof value !== "number" || own.has(name)) continue;
    claims.push({ name, value, expression: aliases[name] ?? name, condition: IF_NETMAP });
  }
}

/**
 * The ioctl numbers say how long their argument is (asm-generic/ioctl.h), so that the layouts hold
 * together on a machine without netmap's headers too.
 */
Deno.test("ffi/abi/netmap: ioctl numbers and layouts agree", () => {
  const iowr = (nr: number, size: number) => (3 << 30 | size << 16 | 0x69 << 8 | nr) >>> 0;
  assertEquals(netmap.NIOCCTRL, iowr(151, netmap.NMREQ_HEADER.LEN));
  assertEquals(netmap.NIOCREGIF, iowr(146, netmap.NMREQ.LEN));
  assertEquals([netmap.NIOCTXSYNC, netmap.NIOCRXSYNC], [0x69 << 8 | 148, 0x69 << 8 | 149]);
  assertEquals(netmap.NMREQ_HEADER.NAME + netmap.NETMAP_REQ_IFNAMSIZ, netmap.NMREQ_HEADER.OPTIONS);
});

/** Netlink and FUSE. */
function claimProtocols(): void {
  for (const [layout, struct, fields] of protocols.LAYOUTS) {
    claimLayout(layout, `struct ${struct}`, fields);
  }
  const groups = protocols.GROUPS.flatMap(([group, prefix]) =>
    Object.entries(group).map(([key, value]) => [value, prefix + key] as const)
  );
  for (const [value, expression] of [...groups, ...protocols.NAMES]) {
    claims.push({ name: expression, value, expression, condition: "1" });
  }
  for (const macros of protocols.MACROS) claimConstants(macros, protocols.MACRO_ALIASES);
}

function collect(): void {
  claimNetmap();
  claimProtocols();
  claimStructs();
  claimBpfStructs();
  claimConstants(epoll, { EPOLLET: "(unsigned)EPOLLET" });
  claimConstants(file);
  claimConstants(iface, { IFF_UP: "IFF_UP" });
  claims.push({
    name: "DRIVER_LEN",
    value: iface.ETHTOOL_DRVINFO.DRIVER_LEN,
    expression: "sizeof(((struct ethtool_drvinfo *)0)->driver)",
    condition: "1",
  });
  claimConstants(packet);
  claimConstants(
    socket,
    Object.fromEntries(
      Object.keys(socket).filter((n) => /^(SOCK|MSG)_/.test(n)).map((n) => [n, n]),
    ),
  );
  claimConstants(SYSCALLS);
  claimConstants(tun);
  claimConstants(virtio);
  const tcx = (name: string) => TCX.includes(name);
  const entries = Object.entries(bpf);
  claimConstants(Object.fromEntries(entries.filter(([n]) => !tcx(n))), BPF_ALIASES);
  for (const [name, value] of entries) {
    if (typeof value !== "number" || !tcx(name)) continue;
    const condition = "LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)";
    claims.push({ name, value, expression: name, condition });
  }
  for (let n = 1; n <= 133; n++) {
    const name = errno.errnoName(n);
    if (name.startsWith("errno")) continue;
    claims.push({ name, value: n, expression: name, condition: "1" });
  }
  claimConstants(errno);
  claimConstants(stackErrno);
  const pmtudisc = Object.keys(stackSocket).filter((n) => n.startsWith("PMTUDISC_"));
  claimConstants(stackSocket, Object.fromEntries(pmtudisc.map((n) => [n, `IP_${n}`])));
}

function program(): string {
  const includes = [...HEADERS, ...protocols.PROTOCOL_HEADERS].map((header) =>
    `#include <${header}>`
  );
  const lines = claims.map(({ expression, condition }) =>
    `#if ${condition}\n  printf("%lld\\n", (long long)(${expression}));\n` +
    `#else\n  puts("-");\n#endif`
  );
  return [
    "#define _GNU_SOURCE",
    ...includes,
    ...NETMAP_INCLUDES,
    "int main(void) {",
    ...lines,
    "}",
    "",
  ].join("\n");
}

Deno.test("ffi/abi: layouts and constants are those of the C headers", async () => {
  collect();
  const dir = await Deno.makeTempDir({ prefix: "nuse-abi-" });
  try {
    await Deno.writeTextFile(`${dir}/abi.c`, program());
    const built = await new Deno.Command("cc", {
      args: ["-std=c11", "-o", `${dir}/abi`, `${dir}/abi.c`],
      stderr: "piped",
    }).output();
    assertEquals(new TextDecoder().decode(built.stderr), "");
    const ran = await new Deno.Command(`${dir}/abi`).output();
    const printed = new TextDecoder().decode(ran.stdout).trim().split("\n");
    assertEquals(printed.length, claims.length);
    const wrong = claims.filter((claim, i) =>
      printed[i] !== "-" && Number(printed[i]) !== claim.value
    )
      .map((claim) => `${claim.name}: ${claim.value}, C says ${printed[claims.indexOf(claim)]}`);
    assertEquals(wrong, []);
    const checked = printed.filter((line) => line !== "-").length;
    assertEquals(checked > 250, true, `only ${checked} claims could be checked`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
