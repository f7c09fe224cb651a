/**
 * A tree of small text files that are made when they are opened, as /proc's are. What there is does
 * not change, only what is in it.
 *
 * @module
 */

export interface TextFile {
  readonly kind: "file";
  readonly read: () => string;
  /** 0 or -errno; null: it cannot be written. */
  readonly write: ((text: string) => number) | null;
}

export interface Link {
  readonly kind: "link";
  readonly target: string;
}

export interface Folder {
  readonly kind: "folder";
  readonly children: ReadonlyMap<string, TreeNode>;
  /** Names that are found and not listed. */
  readonly hidden: ReadonlySet<string>;
}

export type TreeNode = TextFile | Link | Folder;

export function file(read: () => string, write: TextFile["write"] = null): TextFile {
  return { kind: "file", read, write };
}

export function link(target: string): Link {
  return { kind: "link", target };
}

export function folder(
  children: Readonly<Record<string, TreeNode>>,
  hidden: readonly string[] = [],
): Folder {
  return { kind: "folder", children: new Map(Object.entries(children)), hidden: new Set(hidden) };
}

/** Folders of files by their paths, "a/b/c" and so on. */
export function folderOf(files: ReadonlyMap<string, TreeNode>): Folder {
  const byFirst = new Map<string, Map<string, TreeNode>>();
  const children: Record<string, TreeNode> = {};
  for (const [path, node] of files) {
    const slash = path.indexOf("/");
    if (slash < 0) {
      children[path] = node;
      continue;
    }
    const first = path.slice(0, slash);
    const inside = byFirst.get(first) ?? new Map<string, TreeNode>();
    inside.set(path.slice(slash + 1), node);
    byFirst.set(first, inside);
  }
  for (const [name, inside] of byFirst) children[name] = folderOf(inside);
  return folder(children);
}

/** The nodes of a tree by number, the root's 1: what the kernel knows them by. */
export class NumberedTree {
  readonly #nodes: TreeNode[] = [];
  readonly #numbers = new Map<TreeNode, number>();

  constructor(readonly root: Folder) {
    this.#number(root);
  }

  #number(node: TreeNode): void {
    this.#numbers.set(node, this.#nodes.push(node));
    if (node.kind === "folder") { for (const child of node.children.values()) this.#number(child); }
  }

  node(number: number): TreeNode | null {
    return this.#nodes[number - 1] ?? null;
  }

  numberOf(node: TreeNode): number {
    return this.#numbers.get(node) ?? 0;
  }
}
