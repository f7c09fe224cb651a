/**
 * /proc/sys/net: the stack's settings under Linux's names (stack/sysctl.ts), to be read and, where
 * a running stack follows, to be written. What takes effect at the start only cannot be written:
 * --sysctl sets it. What is no setting here, but read by programs, is in fixed_settings.ts.
 *
 * @module
 */
import { EINVAL, type Interface, type StackConfig } from "../../../stack/mod.ts";
import { type Sysctl, sysctlNamed, SYSCTLS } from "../../../stack/sysctl.ts";
import { fixedFiles, interfaceFiles } from "./fixed_settings.ts";
import { file, type Folder, folderOf, type TreeNode } from "./tree.ts";

/** Read where they are used, for whatever begins from then on. */
const FOLLOWED = [
  /^net\.ipv4\.tcp_/,
  /^net\.ipv4\.neigh\./,
  /^net\.core\.([rw]mem_|somaxconn)/,
  /^net\.ipv4\.icmp_echo_/,
  /^net\.ipv4\.igmp_(max_|link_local_)/,
  /^net\.ipv4\.ipfrag_/,
  /^net\.ipv[46]\.conf\.all\.(accept|send|secure)_redirects/,
  /^net\.ipv4\.conf\.all\.shared_media/,
];
/** Of these, what is taken over at the start. */
const FIXED: ReadonlySet<string> = new Set([
  "net.ipv4.tcp_challenge_ack_limit",
  "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
]);

function isFollowed(name: string): boolean {
  return !FIXED.has(name) && FOLLOWED.some((pattern) => pattern.test(name));
}

/** net.ipv4.tcp_sack is ipv4/tcp_sack here. */
function pathOf(name: string): string {
  return name.replace(/^net\./, "").replaceAll(".", "/");
}

export function settingsTree(config: StackConfig, interfaces: readonly Interface[]): Folder {
  const fileOf = (name: string) => settingFile(rowOf(name), config);
  const files = new Map([...fixedFiles(), ...interfaceFiles(config, interfaces, fileOf)]);
  for (const row of SYSCTLS) files.set(pathOf(row.name), settingFile(row, config));
  return folderOf(files);
}

function rowOf(name: string): Sysctl {
  const row = sysctlNamed(name);
  if (row === null) throw new RangeError(`no sysctl ${name}`);
  return row;
}

function settingFile(row: Sysctl, config: StackConfig): TreeNode {
  const read = () => `${row.show(config).replaceAll(" ", "\t")}\n`;
  return file(read, isFollowed(row.name) ? (text) => change(row, config, text) : null);
}

/** 0, or -EINVAL: it is no value of this setting. */
function change(row: Sysctl, config: StackConfig, text: string): number {
  const changed = row.parse(text.replace(/\s+/g, " "));
  if (changed === null) return -EINVAL;
  for (const [group, fields] of Object.entries(changed)) {
    Object.assign(config[group as keyof StackConfig], fields);
  }
  return 0;
}
