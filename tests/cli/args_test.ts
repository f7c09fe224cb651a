import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../cli/args.ts";
import { Failure } from "../../cli/base/failure.ts";
import { ROWS } from "../../cli/options.ts";

Deno.test("what follows the program belongs to the program", () => {
  const line = parseCommandLine(["ping", "-c", "3", "-v", "--", "--help", "198.18.0.1"]);
  assertEquals(line.command, ["ping", "-c", "3", "-v", "--", "--help", "198.18.0.1"]);
  assertEquals([...line.switches], []);
});

Deno.test("numbers and words that look like values stay text", () => {
  assertEquals(parseCommandLine(["-v", "true"]).command, ["true"]);
  assertEquals(parseCommandLine(["--verbose", "false", "1e3"]).command, ["false", "1e3"]);
  assertEquals(parseCommandLine(["007"]).command, ["007"]);
});

Deno.test("-- ends the options; a lone - is a program", () => {
  assertEquals(parseCommandLine(["-v", "--", "-x", "--", "y"]).command, ["-x", "--", "y"]);
  assertEquals(parseCommandLine(["-"]).command, ["-"]);
  assertEquals(parseCommandLine(["--"]).command, []);
});

Deno.test("options with values, in both forms, several times", () => {
  const line = parseCommandLine([
    "--dev",
    "eth0=198.18.0.2/24,vif=tap",
    "--dev=eth1=198.18.1.2",
    "--route",
    "198.18.0.1",
    "iperf3",
    "--dev",
  ]);
  assertEquals(line.values.dev, ["eth0=198.18.0.2/24,vif=tap", "eth1=198.18.1.2"]);
  assertEquals(line.values.route, ["198.18.0.1"]);
  assertEquals(line.command, ["iperf3", "--dev"]);
});

Deno.test("switches, short and long, alone and together", () => {
  const switches = (...args: string[]) => [...parseCommandLine(args).switches];
  assertEquals(switches("-h"), ["help"]);
  assertEquals(switches("--help"), ["help"]);
  assertEquals(switches("--version"), ["version"]);
  assertEquals(switches("-v", "true"), ["verbose"]);
  assertEquals(switches("-vh"), ["verbose", "help"]);
});

Deno.test("every option of the table is understood, and nothing but the table", () => {
  for (const { name, argument } of ROWS) {
    const line = parseCommandLine(argument === undefined ? [`--${name}`] : [`--${name}`, "x"]);
    assertEquals([...line.switches], argument === undefined ? [name] : []);
    assertEquals(
      Object.entries(line.values).filter(([, given]) => given.length > 0),
      argument === undefined ? [] : [[name, ["x"]]],
    );
  }
});

Deno.test("wrong options are named", () => {
  for (const arg of ["-x", "--frobnicate", "--no-verbose", "--dev2=a", "-1"]) {
    const error = assertThrows(() => parseCommandLine([arg, "true"]), Failure, "unknown option");
    assert(error.message.includes(arg), error.message);
    assertEquals(error.status, 2);
  }
  assertThrows(() => parseCommandLine(["--dev"]), Failure, "--dev needs a value");
  assertThrows(() => parseCommandLine(["--route=", "true"]), Failure, "--route needs a value");
  assertThrows(() => parseCommandLine(["--dev", "-v", "true"]), Failure, "--dev needs a value");
});
