/**
 * What of /proc/sys/net has no setting here, and programs read all the same: what the stack does,
 * in the words of Linux's `ip-sysctl`. And the settings of interfaces (`conf`, `neigh`): one value
 * of the stack stands in the folder of each interface, of `all` and of `default`.
 *
 * A name whose value would say nothing true of the stack is not here.
 *
 * @module
 */
import type { Interface, StackConfig } from "../../../stack/mod.ts";
import { CONGESTION_CONTROLS } from "../../../stack/sysctl.ts";
import { file, type TreeNode } from "./tree.ts";

const ALGORITHMS = CONGESTION_CONTROLS.join(" ");

const FIXED: Readonly<Record<string, string>> = {
  "ipv4/fwmark_reflect": "0",
  "ipv4/icmp_echo_enable_probe": "0",
  "ipv4/ip_autobind_reuse": "0",
  "ipv4/ip_dynaddr": "0",
  "ipv4/ip_forward_use_pmtu": "0",
  "ipv4/ip_local_reserved_ports": "",
  "ipv4/ip_no_pmtu_disc": "0",
  "ipv4/ip_nonlocal_bind": "0",
  "ipv4/ip_unprivileged_port_start": "1024",
  "ipv4/ping_group_range": "0\t2147483647", // ping sockets are for everybody
  "ipv4/tcp_abort_on_overflow": "0",
  "ipv4/tcp_allowed_congestion_control": ALGORITHMS,
  "ipv4/tcp_autocorking": "0",
  "ipv4/tcp_available_congestion_control": ALGORITHMS,
  "ipv4/tcp_base_mss": "1024",
  "ipv4/tcp_dsack": "1",
  "ipv4/tcp_early_retrans": "3", // tail loss probes
  "ipv4/tcp_frto": "2",
  "ipv4/tcp_fwmark_accept": "0",
  "ipv4/tcp_l3mdev_accept": "0",
  "ipv4/tcp_max_reordering": "300",
  "ipv4/tcp_migrate_req": "0",
  "ipv4/tcp_moderate_rcvbuf": "1",
  "ipv4/tcp_no_metrics_save": "1",
  "ipv4/tcp_recovery": "1", // RACK
  "ipv4/tcp_reordering": "3",
  "ipv4/tcp_slow_start_after_idle": "1",
  "ipv4/tcp_stdurg": "0",
  "ipv4/tcp_thin_linear_timeouts": "0",
  "ipv4/tcp_tw_reuse": "1",
  "ipv4/tcp_tw_reuse_delay": "1000",
  "ipv4/udp_l3mdev_accept": "0",
  "ipv6/auto_flowlabels": "1",
  "ipv6/bindv6only": "0",
  "ipv6/ip_nonlocal_bind": "0",
  "mptcp/enabled": "0",
};

/** Of every interface, and of all of them. */
const FIXED_V4: Readonly<Record<string, string>> = {
  accept_local: "0",
  accept_source_route: "0",
  bc_forwarding: "0",
  bootp_relay: "0",
  log_martians: "0",
  mc_forwarding: "0",
  proxy_arp: "0",
  route_localnet: "0",
  rp_filter: "0",
};
const FIXED_V6: Readonly<Record<string, string>> = {
  accept_source_route: "0",
  mc_forwarding: "0",
  proxy_ndp: "0",
};

/** Folders with their settings: which of the stack stands there under which name. */
const ROWS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "ipv4/conf": {
    accept_redirects: "net.ipv4.conf.all.accept_redirects",
    force_igmp_version: "net.ipv4.conf.all.force_igmp_version",
    forwarding: "net.ipv4.ip_forward",
    secure_redirects: "net.ipv4.conf.all.secure_redirects",
    send_redirects: "net.ipv4.conf.all.send_redirects",
    shared_media: "net.ipv4.conf.all.shared_media",
  },
  "ipv6/conf": {
    accept_redirects: "net.ipv6.conf.all.accept_redirects",
    addr_gen_mode: "net.ipv6.conf.default.addr_gen_mode",
    disable_ipv6: "net.ipv6.conf.all.disable_ipv6",
    forwarding: "net.ipv6.conf.all.forwarding",
    temp_prefered_lft: "net.ipv6.conf.default.temp_prefered_lft",
    temp_valid_lft: "net.ipv6.conf.default.temp_valid_lft",
    use_tempaddr: "net.ipv6.conf.default.use_tempaddr",
  },
};
const NEIGHBOUR_FIELDS = [
  "base_reachable_time_ms",
  "delay_first_probe_time",
  "gc_stale_time",
  "mcast_solicit",
  "retrans_time_ms",
  "ucast_solicit",
  "unres_qlen",
  "unres_qlen_bytes",
];
/** Kept by Linux with `default` only. */
const GC_THRESH = "gc_thresh3";
const NEIGHBOURS = "net.ipv4.neigh.default.";

export function fixedFiles(): Map<string, TreeNode> {
  return new Map(Object.entries(FIXED).map(([path, text]) => [path, fixed(text)]));
}

function fixed(text: string): TreeNode {
  return file(() => `${text}\n`);
}

/** `fileOf`: of the setting with that name. */
export function interfaceFiles(
  config: StackConfig,
  interfaces: readonly Interface[],
  fileOf: (name: string) => TreeNode,
): Map<string, TreeNode> {
  const files = new Map<string, TreeNode>();
  const names = interfaces.map(({ name }) => name);
  for (const name of ["all", "default", ...names]) {
    for (const [folder, rows] of Object.entries(ROWS)) {
      for (const [field, row] of Object.entries(rows)) {
        files.set(`${folder}/${name}/${field}`, fileOf(row));
      }
    }
    for (const [field, text] of Object.entries(FIXED_V4)) {
      files.set(`ipv4/conf/${name}/${field}`, fixed(text));
    }
    for (const [field, text] of Object.entries(FIXED_V6)) {
      files.set(`ipv6/conf/${name}/${field}`, fixed(text));
    }
  }
  for (const name of ["default", ...names]) {
    for (const field of NEIGHBOUR_FIELDS) {
      for (const ip of config.ip.disableIpv6 ? ["ipv4"] : ["ipv4", "ipv6"]) {
        files.set(`${ip}/neigh/${name}/${field}`, fileOf(`${NEIGHBOURS}${field}`));
      }
    }
  }
  for (const iface of interfaces) {
    files.set(`ipv6/conf/${iface.name}/mtu`, file(() => `${iface.mtu}\n`));
  }
  files.set(`ipv6/neigh/default/${GC_THRESH}`, fileOf(`${NEIGHBOURS}${GC_THRESH}`));
  return files;
}
