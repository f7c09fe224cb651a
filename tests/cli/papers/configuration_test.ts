import { assert, assertEquals } from "@std/assert";
import { SECTIONS } from "../../../cli/config/keys.ts";
import { interfaceTable, keysTable, sysctlTable } from "../../../cli/papers/configuration.ts";
import { SYSCTLS } from "../../../stack/sysctl.ts";

/** The first word of every row. */
function firstWords(table: string): string[] {
  return table.split("\n").slice(2).map((line) => line.match(/^\| `([^`]+)`/)![1]);
}

Deno.test("configuration: a row for every key and every sysctl, in their order", () => {
  const names = (kind: "interface" | "route" | "global") =>
    SECTIONS[kind].map(({ inFile }) => inFile);
  assertEquals(firstWords(interfaceTable()), names("interface"));
  assertEquals(firstWords(keysTable("route")), names("route"));
  assertEquals(firstWords(keysTable("global")), names("global"));
  assertEquals(firstWords(sysctlTable()), SYSCTLS.map(({ name }) => name));
});

Deno.test("configuration: no cell has a bar, rows are of one width", () => {
  for (const table of [interfaceTable(), keysTable("route"), keysTable("global"), sysctlTable()]) {
    const lines = table.split("\n");
    assertEquals(new Set(lines.map((line) => [...line].length)).size, 1);
    const bars = lines.map((line) => line.split("|").length);
    assert(bars.every((count) => count === bars[0]), table);
  }
});

Deno.test("configuration: defaults are the stack's, names elsewhere those of --dev", () => {
  assert(/`net\.ipv4\.ip_default_ttl` +\| `64` +\| 1 to 255 /.test(sysctlTable()));
  assert(/`viftype` .*\| `vif=`, `nuse-eth0-vif` +\|/.test(interfaceTable()));
});
