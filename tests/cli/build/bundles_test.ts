import { assert, assertEquals, assertRejects } from "@std/assert";
import { makeStart } from "../../../cli/build/bundles.ts";

async function withFolder(use: (start: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await use(`${dir}/start`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const write = (text: string) => async (dir: string) => {
  for (const name of ["main.js", "worker.js"]) await Deno.writeTextFile(`${dir}/${name}`, text);
};
const current = async (start: string) =>
  (await Deno.readTextFile(`${start}/current`)).split(" ")[0];
const read = async (start: string) =>
  await Deno.readTextFile(`${start}/${await current(start)}/main.js`);

Deno.test("current names the newest; the one before stays for whoever is starting", async () => {
  await withFolder(async (start) => {
    await makeStart(start, write("one"));
    const first = await current(start);
    await makeStart(start, write("two"));
    assertEquals(await read(start), "two");
    assertEquals(await Deno.readTextFile(`${start}/${first}/worker.js`), "one");
    await makeStart(start, write("three"));
    assertEquals([...Deno.readDirSync(start)].length, 3, "current, and two folders");
    assert(![...Deno.readDirSync(start)].some(({ name }) => name === first));
  });
});

Deno.test("it is as old as the moment before anything was read", async () => {
  await withFolder(async (start) => {
    let source: Deno.FileInfo | null = null;
    await makeStart(start, async (dir) => {
      await write("x")(dir);
      await new Promise((resolve) => setTimeout(resolve, 20));
      source = await Deno.stat(`${dir}/main.js`);
    });
    const { mtime } = await Deno.stat(`${start}/current`);
    assert(mtime! <= source!.mtime!, "a source that changes meanwhile would be missed");
  });
});

Deno.test("what cannot be made leaves nothing to start from", async () => {
  await withFolder(async (start) => {
    await makeStart(start, write("one"));
    await assertRejects(() => makeStart(start, () => Promise.reject(new Error("no bundler"))));
    const [key, maker] = (await Deno.readTextFile(`${start}/current`)).split(" ");
    const { mtime } = await Deno.stat(`${start}/current`);
    assertEquals(Number(key), -(Math.floor(mtime!.getTime() / 1000) + 3600), "when to try again");
    assertEquals(maker, `${Deno.execPath()}\n`);
  });
});
