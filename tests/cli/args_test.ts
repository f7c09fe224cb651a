import { assert, assertEquals, assertThrows } from "@std/assert";
import { HELP, parseCommandLine } from "../../cli/args.ts";
import { Failure } from "../../cli/failure.ts";

Deno.test("what follows the program belongs to the program", () => {
  const line = parseCommandLine(["ping", "-c", "3", "-v", "--", "--help", "198.18.0.1"]);
  assertEquals(line.command, ["ping", "-c", "3", "-v", "--", "--help", "198.18.0.1"]);
  assertEquals(line.isVerbose, false);
  assertEquals(line.isHelp, false);
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
  assertEquals(line.devices, ["eth0=198.18.0.2/24,vif=tap", "eth1=198.18.1.2"]);
  assertEquals(line.routes, ["198.18.0.1"]);
  assertEquals(line.command, ["iperf3", "--dev"]);
});

Deno.test("help, version and verbose, short and long", () => {
  assert(parseCommandLine(["-h"]).isHelp);
  assert(parseCommandLine(["--help"]).isHelp);
  assert(parseCommandLine(["--version"]).isVersion);
  assert(parseCommandLine(["-v"]).isVerbose);
  assert(parseCommandLine(["-vh"]).isHelp);
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

Deno.test("the help fits a terminal", () => {
  for (const line of HELP.split("\n")) assert(line.length <= 80, line);
});
