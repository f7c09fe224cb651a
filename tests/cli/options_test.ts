import { assert, assertEquals } from "@std/assert";
import { parseCommandLine } from "../../cli/args.ts";
import { buildConfig } from "../../cli/config/build.ts";
import { allForms, type Form, isOwnVariable, ROWS } from "../../cli/options.ts";

Deno.test("names are unique, short ones too", () => {
  const names = ROWS.map(({ name }) => name);
  const shorts = ROWS.flatMap((o) => o.argument === undefined && o.short ? [o.short] : []);
  assertEquals(new Set(names).size, names.length);
  assertEquals(new Set(shorts).size, shorts.length);
});

/** What nuse makes of one way to write a setting, where eth0 has an address and a neighbour. */
function configOf({ variable, option }: Form, from: "variable" | "option") {
  const env: Record<string, string> = { "nuse-eth0": "192.168.0.2/16", "NUSEDEV": "eth0" };
  const args = ["--dev", "eth0"];
  if (/host|tap|bridge/.test(variable ?? "")) {
    Object.assign(env, { "nuse-eth0": "198.18.0.2/24", "nuse-eth0-vif": "TAP" });
  }
  if (from === "variable") {
    const [name, value] = variable!.split("=");
    env[name] = value;
  } else {
    const [name, value] = option!.replace("=…", "").split(" ");
    if (name === "--dev") args.splice(0, 2);
    args.push(name, value);
  }
  const { dev: devices, route: routes } = parseCommandLine([...args, "true"]).values;
  return buildConfig({ env, devices, routes, hostAddresses: () => [] }).config;
}

Deno.test("variable and option of one row mean the same", () => {
  const both = allForms().filter(({ variable, option }) => variable && option);
  assert(both.length >= 7, `${both.length} rows`);
  for (const form of both) {
    assertEquals(configOf(form, "variable"), configOf(form, "option"), JSON.stringify(form));
  }
});

Deno.test("every example of an option alone is understood", () => {
  const alone = allForms().filter(({ variable, option }) => !variable && option);
  assert(alone.length >= 4);
  for (const { option } of alone) {
    for (const spelling of option!.split(", ")) parseCommandLine(spelling.split(" "));
  }
});

Deno.test("nuse's own variables, and those of others", () => {
  for (const name of ["NUSEDEV", "NUSEVIF", "DEFAULTROUTE", "nuse-eth0", "nuse-eth0-vif"]) {
    assert(isOwnVariable(name), name);
  }
  for (const name of ["PATH", "CC", "NUSE_CACHE", "NUSE", ""]) assert(!isOwnVariable(name), name);
});
