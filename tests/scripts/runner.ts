/**
 * Runs a packet script against a stack of its own under virtual time.
 *
 * A line happens at its time; until then the stack's timers run. Whatever the stack sends must be
 * expected by the very next lines, in order, at the time they say: a segment that no line asks for
 * is an error, and so is one that does not come. When the script is over all sockets are aborted,
 * time passes, and the stack's memory must be back where it was.
 *
 * @module
 */
import type { StackOptions, StreamSocket } from "../../stack/mod.ts";
import { errnoName } from "../../stack/base/errno_name.ts";
import { decodeFrame } from "../support/decode.ts";
import type { Family } from "../support/families.ts";
import type { RigOptions } from "../support/rig.ts";
import { type Action, type Script, ScriptError, type Step } from "./ast.ts";
import type { Answer, Call } from "./call.ts";
import { CALLS, isExpected } from "./calls.ts";
import { compare } from "./compare.ts";
import { openCall } from "./handshake.ts";
import { buildFrame } from "./inject.ts";
import { World } from "./world.ts";

/** "*" waits this long at most. */
const FOREVER_US = 3600e6;
/** After the script: long enough for TIME-WAIT and every timer to end. */
const AFTERMATH_US = 400e6;

const ALL_CALLS: Readonly<Record<string, Call>> = { ...CALLS, open: openCall };

/** RFC 6528 3: the initial sequence number grows by one every 4 microseconds. */
const ISN_TICK_US = 4;

/** `family` 6: what the script says of IPv4, in IPv6. */
export function runScript(script: Script, family: Family = 4): void {
  const isNative = script.settings.get("family") === "6";
  const world = new World({
    ...rigOptions(script, family),
    family: isNative ? 6 : family,
    isNative,
  });
  runIn(world, script);
}

/**
 * The time at which the stack's first initial sequence number on flow a is `iss`: the script is
 * tried at an hour of its own choice, and the clock that the number follows tells the rest.
 */
function startForIss(script: Script, iss: number, family: Family): number {
  const settings = new Map(script.settings);
  settings.delete("local_iss");
  const world = new World({ ...rigOptions({ ...script, settings }, family), family });
  const { startUs } = world;
  for (const step of script.steps) {
    runStep(world, step);
    const found = world.flows.get("a")?.iss ?? null;
    if (found !== null) return startUs + ((iss - found) >>> 0) * ISN_TICK_US;
  }
  throw new ScriptError(`${script.path}: local_iss, but no SYN is sent`);
}

function runIn(world: World, script: Script): void {
  const idleBytes = world.rig.memory.usedBytes;
  world.toleranceUs = Number(script.settings.get("tolerance") ?? 0.001) * 1e6;
  const peerIss = script.settings.get("peer_iss");
  if (peerIss !== undefined) world.flow("a").peerIss = Number(peerIss);
  for (const step of script.steps) {
    try {
      runStep(world, step);
    } catch (error) {
      fail(world, script, step, error);
    }
  }
  const last = script.steps[script.steps.length - 1];
  try {
    expectNothing(world);
    aftermath(world, idleBytes);
  } catch (error) {
    fail(world, script, { ...last, text: "(end of script)" }, error);
  }
}

function fail(world: World, script: Script, step: Step, error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  throw new ScriptError(
    `${script.path}:${step.line}: ${step.text}\n    ${message}\n    what happened before:\n` +
      world.traceText(),
    { cause: error },
  );
}

/** "set tcp.sack off" and the like become the stack's configuration; the rest is the rig's. */
function rigOptions(script: Script, family: Family): Partial<RigOptions> {
  const options: { -readonly [K in keyof RigOptions]?: RigOptions[K] } = {};
  const config: Record<string, Record<string, unknown>> = {};
  for (const [name, text] of script.settings) {
    const [group, field] = name.split(".");
    if (field !== undefined) (config[group] ??= {})[field] = settingValue(text);
    else if (name === "mtu") options.mtu = Number(text);
    else if (name === "offload") options.offload = text === "on";
    else if (name === "seed") options.seed = Number(text);
    else if (name === "start") options.startUs = Number(text);
    else if (name === "local_iss") options.startUs = startForIss(script, Number(text), family);
    else if (name === "arp") options.answersArp = text !== "manual";
    else if (name === "mld") options.showsReports = text === "show";
    else if (name === "gateway") options.gateway = text === "on";
    else if (name !== "tolerance" && name !== "peer_iss" && name !== "family") {
      throw new ScriptError(`${script.path}: unknown setting "${name}"`);
    }
  }
  options.config = config as StackOptions["config"];
  return options;
}

function settingValue(text: string): unknown {
  if (text === "on" || text === "true") return true;
  if (text === "off" || text === "false") return false;
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function runStep(world: World, step: Step): void {
  const { action, time } = step;
  if (action.kind === "expect") {
    expectFrame(world, step);
    return;
  }
  if (!time.isExact) throw new Error("only a line that expects a packet may have a span of time");
  const atUs = world.lineUs + time.loUs;
  const isLooking = action.kind === "call" && time.loUs === 0 &&
    ALL_CALLS[action.name]?.isLooking === true;
  if (!isLooking) expectNothing(world);
  world.rig.advanceTo(atUs, true);
  if (!isLooking) expectNothing(world);
  world.lineUs = Math.max(atUs, world.rig.nowUs);
  if (action.kind === "inject") {
    const frame = buildFrame(world, action.packet);
    world.log(
      `< ${
        action.packet.what === "ip6" ? action.packet.text : world.describe(decodeFrame(frame), true)
      }`,
    );
    world.rig.deliver(frame);
  } else runCall(world, action);
  world.rig.turn();
}

function expectNothing(world: World): void {
  const { sent } = world.rig;
  if (sent.length === 0) return;
  const first = sent[0];
  const after = ((first.atUs - world.lineUs) / 1e6).toFixed(6);
  throw new Error(`the stack sent what no line expects, +${after}: ${world.describe(first.frame)}`);
}

function expectFrame(world: World, step: Step): void {
  const { time, action } = step;
  if (action.kind !== "expect") return;
  const { rig } = world;
  const slackUs = time.isExact ? world.toleranceUs : 0;
  const loUs = world.lineUs + time.loUs - slackUs;
  const hiUs = world.lineUs + Math.min(time.hiUs, FOREVER_US) + slackUs;
  rig.advanceTo(hiUs, true);
  const sent = rig.sent.shift();
  if (!sent) {
    throw new Error(`nothing was sent up to +${((hiUs - world.lineUs) / 1e6).toFixed(6)}`);
  }
  const trouble = compare(world, action.packet, sent);
  if (sent.atUs < loUs || sent.atUs > hiUs) {
    trouble.push(`time: it was sent at +${((sent.atUs - world.lineUs) / 1e6).toFixed(6)}`);
  }
  if (trouble.length > 0) {
    throw new Error(`got  ${world.describe(sent.frame)}\n    ${trouble.join("\n    ")}`);
  }
  world.lineUs = sent.atUs;
}

function runCall(world: World, action: Action & { readonly kind: "call" }): void {
  const call = ALL_CALLS[action.name];
  if (!call) throw new Error(`unknown command "${action.name}"`);
  const answer = call.run(world, action.target, action.args);
  world.log(`${action.name} ${action.args.join(" ")} -> ${answerText(answer)}`);
  const expected = action.result ?? call.expected(action.args);
  if (!isExpected(answer, expected)) {
    throw new Error(`expected ${expected}, got ${answerText(answer)}`);
  }
}

function answerText(answer: Answer): string {
  return typeof answer === "number" && answer < 0 ? errnoName(answer) : String(answer);
}

/** Everything is let go; nothing may stay behind. */
function aftermath(world: World, idleBytes: number): void {
  const { rig } = world;
  for (const { socket } of world.sockets.values()) {
    if (socket.kind === "stream") (socket as StreamSocket).abort(rig.nowUs);
    socket.close(rig.nowUs);
  }
  rig.turn();
  rig.advanceTo(rig.nowUs + AFTERMATH_US);
  rig.sent.length = 0;
  if (!rig.stack.isQuiet()) throw new Error("the stack is not quiet long after the end");
  const left = rig.memory.usedBytes - idleBytes;
  if (left !== 0) throw new Error(`${left} bytes of memory were not given back`);
}
