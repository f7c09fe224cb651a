/**
 * Circles of imports, between files and between folders.
 *
 * @module
 */
import type { Import } from "./imports.ts";

export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Which file imports which at run time: types alone cannot make a circle that hurts. */
export function fileGraph(imports: readonly Import[]): Graph {
  return graphOf(
    imports.filter((i) => !i.isTypeOnly).map(({ from, to }) => [from, to] as const),
  );
}

/** Which folder imports which other, by anything. */
export function folderGraph(imports: readonly Import[]): Graph {
  const folder = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf("/")));
  return graphOf(
    imports.filter(({ to }) => to.endsWith(".ts"))
      .map(({ from, to }) => [folder(from), folder(to)] as const).filter(([a, b]) => a !== b),
  );
}

function graphOf(edges: readonly (readonly [string, string])[]): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    const targets = graph.get(from);
    if (targets === undefined) graph.set(from, new Set([to]));
    else targets.add(to);
  }
  return graph;
}

/** The groups of nodes that reach each other, sorted; none in a graph without circles. */
export function circlesIn(graph: Graph): string[][] {
  const reach = new Map([...graph.keys()].map((node) => [node, reachable(graph, node)]));
  const circles = new Map<string, string[]>();
  for (const [node, targets] of reach) {
    if (!targets.has(node)) continue;
    const members = [...targets].filter((other) => reach.get(other)?.has(node)).sort();
    circles.set(members.join(" "), members);
  }
  return [...circles.values()].sort();
}

function reachable(graph: Graph, start: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [...graph.get(start) ?? []];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    waiting.push(...graph.get(node) ?? []);
  }
  return seen;
}
