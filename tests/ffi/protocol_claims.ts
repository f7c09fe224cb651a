/**
 * What ffi/abi/netlink.ts, inet_diag.ts and fuse.ts say, in C, for abi_test.ts: the members of the
 * layouts, and what groups of numbers and single ones are called in the headers.
 *
 * @module
 */
import * as diag from "../../ffi/abi/inet_diag.ts";
import * as fuse from "../../ffi/abi/fuse.ts";
import * as netlink from "../../ffi/abi/netlink.ts";

type Numbers = Readonly<Record<string, number>>;
type Members = Readonly<Record<string, string>>;

export const PROTOCOL_HEADERS = `
  linux/fib_rules.h linux/fuse.h linux/if_addr.h linux/if_link.h linux/in_route.h
  linux/inet_diag.h linux/neighbour.h linux/net_namespace.h linux/netlink.h linux/rtnetlink.h
  linux/sock_diag.h
`.trim().split(/\s+/);

/** A layout, its struct, and the member of each key. */
export const LAYOUTS: readonly (readonly [layout: Numbers, struct: string, members: Members])[] = [
  [netlink.SOCKADDR_NL, "sockaddr_nl", {
    FAMILY: "nl_family",
    PORT_ID: "nl_pid",
    GROUPS: "nl_groups",
  }],
  [netlink.NLMSGHDR, "nlmsghdr", {
    LENGTH: "nlmsg_len",
    TYPE: "nlmsg_type",
    FLAGS: "nlmsg_flags",
    SEQ: "nlmsg_seq",
    PORT_ID: "nlmsg_pid",
  }],
  [netlink.IFINFOMSG, "ifinfomsg", {
    FAMILY: "ifi_family",
    TYPE: "ifi_type",
    INDEX: "ifi_index",
    FLAGS: "ifi_flags",
    CHANGE: "ifi_change",
  }],
  [netlink.IFADDRMSG, "ifaddrmsg", {
    FAMILY: "ifa_family",
    PREFIX_LEN: "ifa_prefixlen",
    FLAGS: "ifa_flags",
    SCOPE: "ifa_scope",
    INDEX: "ifa_index",
  }],
  [netlink.RTMSG, "rtmsg", {
    FAMILY: "rtm_family",
    DST_LEN: "rtm_dst_len",
    SRC_LEN: "rtm_src_len",
    TOS: "rtm_tos",
    TABLE: "rtm_table",
    PROTOCOL: "rtm_protocol",
    SCOPE: "rtm_scope",
    TYPE: "rtm_type",
    FLAGS: "rtm_flags",
  }],
  [netlink.NDMSG, "ndmsg", {
    FAMILY: "ndm_family",
    INDEX: "ndm_ifindex",
    STATE: "ndm_state",
    FLAGS: "ndm_flags",
    TYPE: "ndm_type",
  }],
  [diag.SOCKID, "inet_diag_sockid", {
    SPORT: "idiag_sport",
    DPORT: "idiag_dport",
    SRC: "idiag_src",
    DST: "idiag_dst",
    IF: "idiag_if",
    COOKIE: "idiag_cookie",
  }],
  [diag.DIAG_REQ, "inet_diag_req_v2", {
    FAMILY: "sdiag_family",
    PROTOCOL: "sdiag_protocol",
    EXT: "idiag_ext",
    STATES: "idiag_states",
    ID: "id",
  }],
  [diag.HOSTCOND, "inet_diag_hostcond", {
    FAMILY: "family",
    PREFIX_LEN: "prefix_len",
    PORT: "port",
    ADDR: "addr",
  }],
  [fuse.FUSE_IN, "fuse_in_header", {
    BYTES: "len",
    OPCODE: "opcode",
    UNIQUE: "unique",
    NODE: "nodeid",
    PID: "pid",
  }],
  [fuse.FUSE_OUT, "fuse_out_header", { BYTES: "len", ERROR: "error", UNIQUE: "unique" }],
  [fuse.FUSE_ATTR, "fuse_attr", {
    INODE: "ino",
    SIZE: "size",
    MODE: "mode",
    LINKS: "nlink",
    UID: "uid",
    GID: "gid",
    BLOCK_SIZE: "blksize",
  }],
  [fuse.FUSE_ENTRY, "fuse_entry_out", {
    NODE: "nodeid",
    ENTRY_VALID: "entry_valid",
    ATTR_VALID: "attr_valid",
    ATTR: "attr",
  }],
  [fuse.FUSE_ATTR_OUT, "fuse_attr_out", { VALID: "attr_valid", ATTR: "attr" }],
  [fuse.FUSE_OPEN_OUT, "fuse_open_out", { HANDLE: "fh", FLAGS: "open_flags" }],
  [fuse.FUSE_READ_IN, "fuse_read_in", { HANDLE: "fh", OFFSET: "offset", SIZE: "size" }],
  [fuse.FUSE_WRITE_IN, "fuse_write_in", { HANDLE: "fh", OFFSET: "offset", SIZE: "size" }],
  [fuse.FUSE_RELEASE_IN, "fuse_release_in", { HANDLE: "fh" }],
  [fuse.FUSE_DIRENT, "fuse_dirent", {
    INODE: "ino",
    OFFSET: "off",
    NAME_LEN: "namelen",
    TYPE: "type",
  }],
  [fuse.FUSE_INIT_IN, "fuse_init_in", {
    MINOR: "minor",
    READAHEAD: "max_readahead",
    FLAGS: "flags",
    FLAGS2: "flags2",
  }],
  [fuse.FUSE_INIT_OUT, "fuse_init_out", {
    MAJOR: "major",
    MINOR: "minor",
    READAHEAD: "max_readahead",
    FLAGS: "flags",
    MAX_WRITE: "max_write",
    TIME_GRAN: "time_gran",
    FLAGS2: "flags2",
  }],
];

/** Numbers that are called `prefix` and their key. */
export const GROUPS: readonly (readonly [group: Numbers, prefix: string])[] = [
  [netlink.RTM, "RTM_"],
  [netlink.IFLA, "IFLA_"],
  [netlink.IFA, "IFA_"],
  [netlink.RTA, "RTA_"],
  [netlink.RTN, "RTN_"],
  [netlink.RT_SCOPE, "RT_SCOPE_"],
  [netlink.RT_TABLE, "RT_TABLE_"],
  [netlink.RTPROT, "RTPROT_"],
  [netlink.NDA, "NDA_"],
  [netlink.FRA, "FRA_"],
  [diag.INET_DIAG, "INET_DIAG_"],
  [fuse.FUSE, "FUSE_"],
];

/** Numbers with names of their own. */
export const NAMES: readonly (readonly [value: number, expression: string])[] = [
  ...Object.entries(diag.BC).map(([key, value]) =>
    [value, key === "OP_LEN" ? "sizeof(struct inet_diag_bc_op)" : `INET_DIAG_BC_${key}`] as const
  ),
  [fuse.FUSE_VERSION.MAJOR, "FUSE_KERNEL_VERSION"],
];

/** Those whose macros have the same names, but for these. */
export const MACROS: readonly object[] = [netlink, diag, fuse];
export const MACRO_ALIASES: Readonly<Record<string, string>> = {
  NLATTR_LEN: "sizeof(struct nlattr)",
  NLA_NESTED: "NLA_F_NESTED",
  NLA_TYPE_MASK: "NLA_TYPE_MASK & 0xffff",
  NLMSGERR_ATTR_MSG: "NLMSGERR_ATTR_MSG",
  NETNSA_NSID: "NETNSA_NSID",
  FR_ACT_TO_TBL: "FR_ACT_TO_TBL",
  INET_DIAG_REQ_BYTECODE: "INET_DIAG_REQ_BYTECODE",
  INET_DIAG_REQ_PROTOCOL: "INET_DIAG_REQ_PROTOCOL",
  FUSE_KSTATFS_LEN: "sizeof(struct fuse_kstatfs)",
};
