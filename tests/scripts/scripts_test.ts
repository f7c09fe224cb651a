/**
 * One test for every packet script under tests/scripts/: the folder is the topic, the name of the
 * test ends in the clause that the script shows.
 *
 *     deno test -A tests/scripts --filter close/
 *
 * It runs twice, in IPv4 as it is written and in IPv6 by translation (tests/support/families.ts);
 * one that begins with `set family 6` is of IPv6 alone.
 *
 * @module
 */
import { assert, assertThrows } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { type Script, ScriptError } from "./ast.ts";
import { parseScript } from "./parse.ts";
import { runScript } from "./runner.ts";

const FOLDER = dirname(fromFileUrl(import.meta.url));

function scriptFiles(folder: string): string[] {
  const found: string[] = [];
  for (const entry of Deno.readDirSync(join(FOLDER, folder))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...scriptFiles(path));
    else if (entry.name.endsWith(".script")) found.push(path);
  }
  return found.sort();
}

/** Scripts, or folders of them, about what IPv6 has not, or otherwise. */
const IPV4_ALONE: readonly string[] = [
  "igmp/", // MLD: tests/stack/igmp/mld_layer_test.ts
  // Cookies of the address, and the table of the segment sizes that a cookie can tell
  "fastopen/cookie_request",
  "fastopen/every_listener",
  "fastopen/experimental_option",
  "fastopen/key",
  "fastopen/valid_cookie",
  "fastopen/wrong_cookie",
  "syn_cookies/no_options",
  "syn_cookies/options_in_timestamp",
  // No path is narrower than 1280 bytes
  "icmp/frag_needed.script",
  "icmp/frag_needed_syn_data",
  "icmp/frag_needed_tiny",
  "icmp/frag_needed_two_connections",
  "pmtu/lower_and_resend",
  "options/ttl_and_tos", // those of IPv6 have names of their own
  // No such address, message or number
  "handshake/connect_to_broadcast",
  "icmp/hard_in_established",
  "icmp/source_quench",
  "options/bad_values",
  "udp/broadcast",
  "udp/unconnected_ignores_errors",
  "udp/large_datagram", // fragments: tests/stack/iface/ipv6_input_test.ts
];

for (const path of scriptFiles("")) {
  const text = Deno.readTextFileSync(join(FOLDER, path));
  let script: Script | null = null;
  let trouble: unknown = null;
  try {
    script = parseScript(path, text);
  } catch (error) {
    trouble = error;
  }
  Deno.test(`script ${path}: ${script?.clause ?? "?"}`, () => {
    if (!script) throw trouble;
    runScript(script);
  });
  if (script?.settings.get("family") === "6") continue;
  if (IPV4_ALONE.some((start) => path.startsWith(start))) continue;
  Deno.test(`script ${path} in IPv6`, () => {
    if (!script) throw trouble;
    runScript(script, 6);
  });
}

function run(text: string): void {
  runScript(parseScript("sample", `# RFC 9293 3.5: sample\n${text}`));
}

Deno.test("runner: a segment that does not come is reported with its line", () => {
  const error = assertThrows(() => run("socket\nconnect 80\n> S 0:0(0)\n+0.5 > . 1:1(0) ack 1\n"));
  assert(error instanceof ScriptError);
  assert(error.message.startsWith("sample:5: +0.5 > . 1:1(0) ack 1"), error.message);
  assert(error.message.includes("nothing was sent up to +0.5"), error.message);
});

Deno.test("runner: a segment that nobody expects is reported", () => {
  const error = assertThrows(() => run("socket\nconnect 80\n+1.5 quiet\n"));
  assert(error instanceof ScriptError);
  assert(error.message.includes("the stack sent what no line expects"), error.message);
});

Deno.test("runner: a wrong segment is compared field by field, and the trace is shown", () => {
  const error = assertThrows(() => run("socket\nconnect 80\n> S. 0:0(0) ack 1 <mss 1000>\n"));
  assert(error instanceof ScriptError);
  for (const part of ["flags: expected S.", "options: expected <mss>", "what happened before"]) {
    assert(error.message.includes(part), error.message);
  }
});

Deno.test("runner: a wrong result of a call is reported by name", () => {
  const error = assertThrows(() => run("socket\nlisten 5 -> EADDRINUSE\n"));
  assert(error instanceof ScriptError);
  assert(error.message.includes("expected EADDRINUSE, got 0"), error.message);
});

Deno.test("parser: the first line must name a clause, and every error names its line", () => {
  assertThrows(() => parseScript("x", "socket\n"), ScriptError, "x:1: the first line must name");
  const bad = "# RFC 793\nsocket\n< S 0:5(4) win 1\n";
  assertThrows(() => parseScript("x", bad), ScriptError, "x:3: 0:5 is not 4 bytes");
  const noAck = "# RFC 793\n< . 0:0(0)\n";
  assertThrows(() => parseScript("x", noAck), ScriptError, "flag . needs ack N");
});
