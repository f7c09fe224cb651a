/**
 * What of /proc/sys/net is no setting of the stack's, and the settings in interfaces' folders.
 */
import { assert, assertEquals } from "@std/assert";
import { fixedFiles, interfaceFiles } from "../../../../io/app/proc/fixed_settings.ts";
import { file, type TreeNode } from "../../../../io/app/proc/tree.ts";
import { sysctlNamed } from "../../../../stack/sysctl.ts";
import { Host } from "../../../stack/net_fixture.ts";

function textOf(node: TreeNode | undefined): string {
  assert(node?.kind === "file");
  return node.read();
}

Deno.test("fixed settings: read, never written, none of them a setting besides", () => {
  for (const [path, node] of fixedFiles()) {
    assert(node.kind === "file" && node.write === null, path);
    assertEquals(sysctlNamed(`net.${path.replaceAll("/", ".")}`), null, path);
  }
  assertEquals(
    textOf(fixedFiles().get("ipv4/tcp_available_congestion_control")),
    "cubic reno bbr\n",
  );
});

Deno.test("interfaces' settings: the stack's, under every interface, all and default", () => {
  const { config, interfaces } = new Host().stack;
  const shown = (name: string) => sysctlNamed(name)?.show(config) ?? `no ${name}`;
  const files = interfaceFiles(config, interfaces, (name) => file(() => shown(name)));
  const [lo, link] = interfaces;
  for (const name of ["all", "default", lo.name, link.name]) {
    assertEquals(textOf(files.get(`ipv4/conf/${name}/rp_filter`)), "0\n");
    assertEquals(textOf(files.get(`ipv4/conf/${name}/forwarding`)), "0");
    assertEquals(textOf(files.get(`ipv6/conf/${name}/disable_ipv6`)), "0");
  }
  assertEquals(textOf(files.get(`ipv6/neigh/${link.name}/retrans_time_ms`)), "1000");
  assertEquals(textOf(files.get(`ipv6/conf/${link.name}/mtu`)), `${link.mtu}\n`);
  assertEquals(files.has("ipv4/neigh/all/retrans_time_ms"), false);
  for (const [path, node] of files) assert(!textOf(node).startsWith("no "), path);
});
