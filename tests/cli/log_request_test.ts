import { assertEquals, assertThrows } from "@std/assert";
import { EXIT_USAGE, Failure } from "../../cli/base/failure.ts";
import { parseLogRequest } from "../../cli/log_request.ts";
import { CATEGORIES, type Threshold } from "../../io/log/levels.ts";

const NOTHING = { log: [], files: [], formats: [], variable: undefined };

/** The categories that are not off. */
function wanted(log: string[], variable?: string): Record<string, Threshold> {
  const { thresholds } = parseLogRequest({ ...NOTHING, log, variable })!;
  return Object.fromEntries(Object.entries(thresholds).filter(([, level]) => level !== "off"));
}

Deno.test("nothing asked for: no log", () => {
  assertEquals(parseLogRequest(NOTHING), null);
  assertEquals(parseLogRequest({ ...NOTHING, variable: "" }), null);
});

Deno.test("a level alone is for every category", () => {
  assertEquals(wanted(["debug"]), Object.fromEntries(CATEGORIES.map((c) => [c, "debug"])));
});

Deno.test("by category; what comes later wins; the option wins over the variable", () => {
  assertEquals(wanted(["tcp=debug,arp=info"]), { tcp: "debug", arp: "info" });
  assertEquals(wanted(["tcp=debug", "arp=info"]), { tcp: "debug", arp: "info" });
  assertEquals(wanted(["trace,tcp=off", "off,udp=error"]), { udp: "error" });
  assertEquals(wanted([], "ip=warning"), { ip: "warning" });
  assertEquals(wanted(["tcp=debug"], "ip=nonsense"), { tcp: "debug" });
});

Deno.test("a file or a format alone asks for info; text on standard error is the default", () => {
  const plain = parseLogRequest({ ...NOTHING, log: ["info"] });
  assertEquals([plain!.format, plain!.file], ["text", null]);
  const both = parseLogRequest({ ...NOTHING, files: ["a", "b"], formats: ["json"] })!;
  assertEquals([both.thresholds.cli, both.format, both.file], ["info", "json", "b"]);
});

Deno.test("a mistake is told in one line, with the nearest name, status 2", () => {
  const says = (log: string[], variable?: string) =>
    assertThrows(() => parseLogRequest({ ...NOTHING, log, variable }), Failure);
  const levels = "there are trace, debug, info, warning, error, off)";
  const cases: [string[], string | undefined, string][] = [
    [["debg"], undefined, `--log: "debg" is no level of the log (did you mean debug? ${levels}`],
    [["tcp="], undefined, `--log: "" is no level of the log (${levels}`],
    [["tcp"], undefined, '--log: "tcp" is a category (say how much of it: tcp=debug)'],
    [
      [],
      "tpc=info",
      'NUSE_LOG: "tpc" is no category of the log (did you mean tcp? there are ' +
      "device, arp, ip, icmp, udp, tcp, service, control, cli)",
    ],
  ];
  for (const [log, variable, message] of cases) {
    const failure = says(log, variable);
    assertEquals([failure.message, failure.status], [message, EXIT_USAGE]);
  }
  const failure = assertThrows(
    () => parseLogRequest({ ...NOTHING, formats: ["jsn"] }),
    Failure,
  );
  assertEquals(
    failure.message,
    '--log-format: "jsn" is no format of the log (did you mean json? there are text, json)',
  );
});
