/**
 * A cache of compiled libraries for tests that root runs as somebody else, too: he has to read what
 * root has compiled. A folder of root's own in NUSE_CACHE keeps him out.
 *
 * @module
 */

const OTHERS_READ = 0o5;
const OTHERS_PASS = 0o1;

/** Whether every user may read what is in `folder`, as far as it is there yet. */
export function isOpen(folder: string): boolean {
  const parts = folder.split("/").slice(1);
  return parts.every((_, i) => {
    try {
      const { mode } = Deno.statSync(`/${parts.slice(0, i + 1).join("/")}`);
      const wanted = i + 1 === parts.length ? OTHERS_READ : OTHERS_PASS;
      return (mode! & wanted) === wanted;
    } catch {
      return true;
    }
  });
}

/** Runs `body` with a cache of its own where root's NUSE_CACHE is not open; removes that. */
export async function withOpenCache<T>(body: () => Promise<T>): Promise<T> {
  const own = Deno.env.get("NUSE_CACHE");
  if (own === undefined || Deno.uid() !== 0 || isOpen(own)) return await body();
  const open = Deno.makeTempDirSync({ prefix: "nuse-cache-" });
  try {
    Deno.chmodSync(open, 0o755);
    Deno.env.set("NUSE_CACHE", open);
    return await body();
  } finally {
    Deno.env.set("NUSE_CACHE", own);
    Deno.removeSync(open, { recursive: true });
  }
}
