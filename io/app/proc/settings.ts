/**
 * /proc/sys/net: the stack's settings under Linux's names (stack/sysctl.ts), to be read and, where
 * a running stack follows, to be written. What takes effect at the start only cannot be written:
 * --sysctl sets it.
 *
 * @module
 */
import { EINVAL, type StackConfig } from "../../../stack/mod.ts";
import { type Sysctl, SYSCTLS } from "../../../stack/sysctl.ts";
import { file, type Folder, folderOf, type TreeNode } from "./tree.ts";

/** Read where they are used, for whatever begins from then on. */
const FOLLOWED = [/^net\.ipv4\.tcp_/, /^net\.ipv4\.neigh\./, /^net\.core\.[rw]mem_/];
/** Of these, what is taken over at the start. */
const FIXED: ReadonlySet<string> = new Set([
  "net.ipv4.tcp_challenge_ack_limit",
  "net.ipv4.tcp_fastopen_blackhole_timeout_sec",
]);
/** What programs read that is no setting here. */
const CONSTANTS: Readonly<Record<string, string>> = { "ipv4/ip_unprivileged_port_start": "1024" };

function isFollowed(name: string): boolean {
  return !FIXED.has(name) && FOLLOWED.some((pattern) => pattern.test(name));
}

/** net.ipv4.tcp_sack is ipv4/tcp_sack here. */
function pathOf(name: string): string {
  return name.replace(/^net\./, "").replaceAll(".", "/");
}

export function settingsTree(config: StackConfig): Folder {
  const files = new Map<string, TreeNode>();
  for (const row of SYSCTLS) files.set(pathOf(row.name), settingFile(row, config));
  for (const [path, value] of Object.entries(CONSTANTS)) files.set(path, file(() => `${value}\n`));
  return folderOf(files);
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
