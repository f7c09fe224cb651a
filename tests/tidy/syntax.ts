/**
 * Rules on the syntax tree: what a pure module must not name, and how long a function may be.
 *
 * @module
 */
/// <reference lib="deno.unstable" />

/** What stack/ must not use: it sees no clock, no runtime, no future, and never throws on input. */
const BANNED_GLOBALS = new Set([
  "Deno",
  "Date",
  "performance",
  "console",
  "Promise",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
  "crypto",
  "process",
  "globalThis",
  "fetch",
]);

export const FUNCTION_LINES_MAX = 70;

type Report = (node: Deno.lint.Node, message: string) => void;

function run(path: string, source: string, visitor: (report: Report) => Deno.lint.LintVisitor) {
  const plugin: Deno.lint.Plugin = {
    name: "tidy",
    rules: {
      rule: {
        create(context) {
          return visitor((node, message) => context.report({ node, message }));
        },
      },
    },
  };
  const lineOf = (offset: number) => source.slice(0, offset).split("\n").length;
  return Deno.lint.runPlugin(plugin, path, source)
    .map(({ range, message }) => `${path}:${lineOf(range[0])}: ${message}`);
}

/** Uses of what is banned in stack/. */
export function impurities(path: string, source: string): string[] {
  return run(path, source, (report) => ({
    Identifier(node) {
      if (!BANNED_GLOBALS.has(node.name)) return;
      const { parent } = node;
      const isMember = parent.type === "MemberExpression" && parent.property === node &&
        !parent.computed;
      const isKey = parent.type === "Property" && parent.key === node;
      if (!isMember && !isKey) report(node, node.name);
    },
    MemberExpression(node) {
      const { object, property } = node;
      const isRandom = object.type === "Identifier" && object.name === "Math" &&
        property.type === "Identifier" && property.name === "random";
      if (isRandom) report(node, "Math.random");
    },
    ThrowStatement(node) {
      // Wrong use by the code that composes the stack, never input: a RangeError may say so.
      const { argument } = node;
      const isMisuse = argument.type === "NewExpression" && argument.callee.type === "Identifier" &&
        argument.callee.name === "RangeError";
      if (!isMisuse) report(node, "throw");
    },
    AwaitExpression: (node) => report(node, "await"),
    FunctionDeclaration: (node) => node.async && report(node, "async"),
    FunctionExpression: (node) => node.async && report(node, "async"),
    ArrowFunctionExpression: (node) => node.async && report(node, "async"),
  }));
}

/** What every node has. */
interface Spot {
  readonly type: string;
  readonly range: readonly [number, number];
  readonly parent?: Spot;
}

const LOG_METHODS = new Set(["connection", "address", "plain"]);

/**
 * Calls of a log (stack/base/log.ts) in a function that has not asked before whether somebody
 * listens: it would work out, and perhaps allocate, what nobody wants.
 */
export function unaskedLogCalls(path: string, source: string): string[] {
  return run(path, source, (report) => ({
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return;
      if (!LOG_METHODS.has(callee.property.name)) return;
      const object = source.slice(callee.object.range[0], callee.object.range[1]);
      if (!/\blog$/.test(object)) return;
      let scope: Spot = node;
      while (!/Function|Program/.test(scope.type) && scope.parent) scope = scope.parent;
      const before = source.slice(scope.range[0], node.range[0]);
      if (!before.includes(`${object}.isOn[`)) report(node, `${object} is not asked before`);
    },
  }));
}

/** Functions with more lines than allowed. */
export function longFunctions(path: string, source: string): string[] {
  return run(path, source, (report) => {
    const check = (node: Deno.lint.Node) => {
      const lines = source.slice(node.range[0], node.range[1]).split("\n").length;
      if (lines > FUNCTION_LINES_MAX) report(node, `a function of ${lines} lines`);
    };
    return {
      FunctionDeclaration: check,
      FunctionExpression: check,
      ArrowFunctionExpression: check,
    };
  });
}

/** The same for C, whose functions begin and end in the first column. */
export function longCFunctions(path: string, source: string): string[] {
  const found: string[] = [];
  let start = -1;
  source.split("\n").forEach((line, i) => {
    if (/^[a-zA-Z_].*\{$/.test(line) || (line === "{" && start < 0)) start = i;
    if (line !== "}" || start < 0) return;
    const lines = i - start + 1;
    if (lines > FUNCTION_LINES_MAX) {
      found.push(`${path}:${start + 1}: a function of ${lines} lines`);
    }
    start = -1;
  });
  return found;
}
