import { assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../cli/args.ts";
import { Failure } from "../../cli/base/failure.ts";
import { checkList, runRequest } from "../../cli/run_request.ts";

const request = (...args: string[]) => runRequest(parseCommandLine([...args, "true"]));

Deno.test("a run's name, whether it is kept, whom it joins", () => {
  assertEquals(request(), { name: null, join: null, isKept: false });
  assertEquals(request("--name", "lab", "--keep"), { name: "lab", join: null, isKept: true });
  assertEquals(request("--join", "lab").join, "lab");
  assertEquals(request("--join=4711").join, "4711");
});

Deno.test("what a joined program cannot have of its own is refused in a line", () => {
  const refused: [string[], string][] = [
    [["--join", "lab", "--dev", "x=198.18.0.2"], "(leave out --dev)"],
    [["--join", "lab", "--name", "x", "--keep", "--host-network"], "--name --keep --host-network"],
    [["--join", "a", "--join", "b"], "a program has one network"],
    [["--join", "a/b"], "is no name for a run"],
    [["--name", "a", "--name", "b"], "once is enough"],
    [["--name", "17"], "is no name for a run"],
    [["--json"], "goes with --list"],
  ];
  for (const [args, message] of refused) {
    assertThrows(() => request(...args), Failure, message);
  }
});

Deno.test("--list runs nothing", () => {
  checkList(parseCommandLine(["--list", "--json"]));
  for (const args of [["--list", "true"], ["--list", "--name", "x"], ["--list", "--keep"]]) {
    assertThrows(() => checkList(parseCommandLine(args)), Failure, "runs nothing");
  }
});
