/**
 * The control protocol between the preload shim and the service: the twin of protocol.h, which
 * describes the whole; comments are there. The header of a datagram (NUSE_DGRAM_*) is the stack's:
 * stack/socket/datagram_header.ts. tests/ffi/shim/protocol_test.ts holds them together.
 *
 * @module
 */
export const NUSE_MAGIC = 0x4553554e;
export const NUSE_VERSION = 10;

export const NUSE_HEADER_LEN = 32;
export const NUSE_DATA_MAX = 8192;
export const NUSE_REQ_MAGIC_OFF = 0;
export const NUSE_REQ_VERSION_OFF = 4;
export const NUSE_REQ_OP_OFF = 6;
export const NUSE_REQ_COOKIE_OFF = 8;
export const NUSE_REQ_A_OFF = 16;
export const NUSE_REQ_B_OFF = 20;
export const NUSE_REQ_C_OFF = 24;
export const NUSE_REQ_DATA_LEN_OFF = 28;
export const NUSE_REP_RESULT_OFF = 0;
export const NUSE_REP_STATE_OFF = 4;
export const NUSE_REP_COOKIE_OFF = 8;
export const NUSE_REP_A_OFF = 16;
export const NUSE_REP_B_OFF = 20;
export const NUSE_REP_C_OFF = 24;
export const NUSE_REP_DATA_LEN_OFF = 28;

export const NUSE_NO_SOCKET = 53;
export const NUSE_NOT_SHOWN = 52;
export const NUSE_AT_DOOR = 54;

export const NUSE_OP_HELLO = 1;
export const NUSE_OP_SOCKET = 2;
export const NUSE_OP_BIND = 3;
export const NUSE_OP_CONNECT = 4;
export const NUSE_OP_LISTEN = 5;
export const NUSE_OP_NAME = 6;
export const NUSE_OP_GETOPT = 7;
export const NUSE_OP_SETOPT = 8;
export const NUSE_OP_SHUTDOWN = 9;
export const NUSE_OP_WHO = 10;
export const NUSE_OP_IOCTL = 11;
export const NUSE_OP_ERRQUEUE = 12;
export const NUSE_OP_IFADDRS = 13;
export const NUSE_OP_ATTACH = 14;
export const NUSE_OP_CHECK = 15;
export const NUSE_OP_OPEN = 16;
export const NUSE_OP_POST_SETOPT = 17;
export const NUSE_OP_CANCEL = 18;

export const NUSE_OP_MORE = 19;
export const NUSE_MORE_END = 0;
export const NUSE_MORE_BEGIN = 1;
export const NUSE_MORE_RECORD_END = 2;
export const NUSE_MORE_URGENT = 3;
export const NUSE_MORE_URGENT_SHORT = 4;
export const NUSE_MORE_POSTED = 5;
export const NUSE_OP_CLOSE = 20;

export const NUSE_OP_IMAGE = 21;
export const NUSE_OP_PACKET_SOCKET = 22;
export const NUSE_OP_SETTLE = 23;
export const NUSE_OP_URGENT = 24;
export const NUSE_OP_EXTRAS = 27;
export const NUSE_OP_READ = 25;
export const NUSE_OP_CAPTURE = 30;

export const NUSE_OP_RING = 26;
export const NUSE_RING_ENTER = 0;
export const NUSE_RING_LOOK = 1;
export const NUSE_RING_LEAVE = 2;
export const NUSE_RING_RECEIVE_ENTER = 3;
export const NUSE_RING_RECEIVE_LOOK = 4;
export const NUSE_RING_RECEIVE_LEAVE = 5;
export const NUSE_RING_RECEIVE_SHOW = 6;
export const NUSE_RING_WORD_OFF = 0;
export const NUSE_RING_LIMIT_OFF = 64;
export const NUSE_RING_WAKE_OFF = 128;
export const NUSE_RING_ORIGIN_OFF = 192;
export const NUSE_RING_BYTES_OFF = 4096;
export const NUSE_RING_ASLEEP = 1;
export const NUSE_RING_BUSY = 2;
export const NUSE_RING_CLAIMED = 4;
export const NUSE_RING_GONE = 8;
export const NUSE_RING_HEAD = 16;
export const NUSE_RING_INDEX_SHIFT = 5;
export const NUSE_RING_SNDBUF = 8448;

export const NUSE_CONNECT_WAIT = 1;
export const NUSE_CONNECT_FAST = 1;
export const NUSE_CONNECT_FAST_EMPTY = 2;

export const NUSE_KIND_STREAM = 1;
export const NUSE_KIND_DATAGRAM = 2;

export const NUSE_STATE_CONNECTING = 0x1;
export const NUSE_STATE_CONNECTED = 0x2;
export const NUSE_STATE_LISTENING = 0x4;
export const NUSE_STATE_PEER_DONE = 0x8;
export const NUSE_STATE_ERROR = 0x10;
export const NUSE_STATE_BOUND = 0x20;
export const NUSE_STATE_LINGER = 0x40;
export const NUSE_STATE_LOCAL = 0x80;
export const NUSE_STATE_PAIR_SIZED = 0x100;
export const NUSE_STATE_INQ = 0x200;
export const NUSE_STATE_READ_SHUT = 0x400;
export const NUSE_STATE_PEER_V4 = 0x1;
export const NUSE_STATE_RXQ_OVFL = 0x8;
export const NUSE_STATE_ORIGDSTADDR = 0x10;
export const NUSE_STATE_TIMESTAMPING = 0x80;
export const NUSE_STATE_TIMESTAMP = 0x100;
export const NUSE_STATE_TIMESTAMPNS = 0x200;
export const NUSE_STATE_RECVTTL = 0x400;
export const NUSE_STATE_RECVTOS = 0x800;
export const NUSE_STATE_PKTINFO = 0x1000;
export const NUSE_STATE_RECVHOPLIMIT = 0x2000;
export const NUSE_STATE_RECVTCLASS = 0x4000;
export const NUSE_STATE_PKTINFO6 = 0x8000;

export const NUSE_PAIR_MARK = 11854;

export const NUSE_FILLER_LEN = 512;
export const NUSE_PAIR_SNDBUF = 1048576;

export const NUSE_ACCEPT_MAGIC = 0x5453554e;
export const NUSE_ACCEPT_LEN = 80;
export const NUSE_ACCEPT_MAGIC_OFF = 0;
export const NUSE_ACCEPT_KIND_OFF = 4;
export const NUSE_ACCEPT_COOKIE_OFF = 8;
export const NUSE_ACCEPT_PEER_OFF = 16;
export const NUSE_ACCEPT_DOMAIN_OFF = 44;
export const NUSE_ACCEPT_STATE_OFF = 48;
export const NUSE_ACCEPT_LOCAL_OFF = 52;

export const NUSE_RULE_LEN = 24;
export const NUSE_RULE_MAX = 32;
export const NUSE_RULE_OP_OFF = 0;
export const NUSE_RULE_A_OFF = 4;
export const NUSE_RULE_B_OFF = 8;
export const NUSE_RULE_C_OFF = 12;
export const NUSE_RULE_D_OFF = 16;
export const NUSE_RULE_E_OFF = 20;

export const NUSE_SOCKADDR_LEN = 28;

export const NUSE_EE_ERRNO_OFF = 0;
export const NUSE_EE_ORIGIN_OFF = 4;
export const NUSE_EE_TYPE_OFF = 5;
export const NUSE_EE_CODE_OFF = 6;
export const NUSE_EE_INFO_OFF = 8;
export const NUSE_EE_OFFENDER_OFF = 16;
export const NUSE_EE_DESTINATION_OFF = 44;
export const NUSE_EE_TIME_OFF = 72;
export const NUSE_EE_PAYLOAD_OFF = 96;

export const NUSE_IF_LEN = 128;
export const NUSE_IF_NAME_OFF = 0;
export const NUSE_IF_INDEX_OFF = 16;
export const NUSE_IF_FLAGS_OFF = 20;
export const NUSE_IF_FAMILY_OFF = 24;
export const NUSE_IF_HWTYPE_OFF = 26;
export const NUSE_IF_MTU_OFF = 28;
export const NUSE_IF_HWADDR_OFF = 32;
export const NUSE_IF_HWADDR_LEN_OFF = 40;
export const NUSE_IF_ADDR_OFF = 44;
export const NUSE_IF_NETMASK_OFF = 72;
export const NUSE_IF_BROADCAST_OFF = 100;

export const NUSE_CONTROL_MARK = 11855;
export const NUSE_NETLINK_MARK = 11856;
export const NUSE_OPEN_INODE_LEN = 4;
export const NUSE_NETWORK_FOLDER = "sys/net/.proc";

export const NUSE_DOOR_MARK = 0x6e757365646f;

export const NUSE_IMAGE_FLAGS_OFF = 0;
export const NUSE_IMAGE_MODE_OFF = 4;
export const NUSE_IMAGE_UID_OFF = 8;
export const NUSE_IMAGE_GID_OFF = 12;
export const NUSE_IMAGE_EUID_OFF = 16;
export const NUSE_IMAGE_EGID_OFF = 20;
export const NUSE_IMAGE_PATH_LEN_OFF = 24;
export const NUSE_IMAGE_PATH_OFF = 28;
export const NUSE_IMAGE_LEN = 4096;
export const NUSE_IMAGE_PRELOADED = 1;
export const NUSE_IMAGE_SHIM_READABLE = 2;
export const NUSE_IMAGE_HAS_CAPABILITIES = 4;

export const NUSE_EXTRAS_MAX = 256;
