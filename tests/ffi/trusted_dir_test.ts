import { assertEquals, assertThrows } from "@std/assert";
import { EACCES, EINVAL, ENOENT, SysError } from "../../ffi/errno.ts";
import { distrust, errnoOf, makeTrustedDir, trustedDir } from "../../ffi/trusted_dir.ts";

async function withDir(body: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "nuse-trust-" });
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("ours and root's folders are trusted, unless others can write them", () => {
  const US = 1000;
  const cases: [uid: number, mode: number, expected: string | null][] = [
    [US, 0o755, null],
    [0, 0o755, null],
    [US, 0o700, null],
    [1001, 0o700, "belongs to another user"],
    [US, 0o775, "can be written by others"],
    [0, 0o757, "can be written by others"],
    [0, 0o1777, null],
    [1001, 0o1777, "belongs to another user"],
  ];
  for (const [uid, mode, expected] of cases) {
    assertEquals(distrust({ uid, mode }, US), expected, `${uid} ${mode.toString(8)}`);
  }
  assertEquals(distrust({ uid: US, mode: 0o755 }, 0), "belongs to another user", "root asks");
});

Deno.test("the folder, and every folder above it, by its real path", async () => {
  await withDir(async (dir) => {
    const made = makeTrustedDir(`${dir}/a/b`, "advice");
    assertEquals(made, `${dir}/a/b`);
    await Deno.symlink(`${dir}/a`, `${dir}/link`);
    assertEquals(trustedDir(`${dir}/link/b`, "advice"), made);
    await Deno.chmod(`${dir}/a`, 0o777);
    const error = assertThrows(() => trustedDir(made, "advice"), SysError);
    assertEquals(
      error.message,
      `cannot trust ${made}: ${dir}/a can be written by others: EACCES (advice)`,
    );
    await Deno.chmod(`${dir}/a`, 0o1777);
    assertEquals(trustedDir(made, "advice"), made);
    await Deno.chmod(made, 0o1777);
    assertThrows(() => trustedDir(made, "advice"), SysError, "can be written by others");
  });
});

Deno.test("what is not there, or no folder, is said", async () => {
  await withDir(async (dir) => {
    const error = assertThrows(() => trustedDir(`${dir}/none`, "advice"), SysError);
    assertEquals(error.message, `cannot use ${dir}/none: ENOENT (advice)`);
    await Deno.writeTextFile(`${dir}/file`, "");
    assertThrows(() => trustedDir(`${dir}/file`, "advice"), SysError, "is no folder");
    const below = assertThrows(() => makeTrustedDir(`${dir}/file/x`, "advice"), SysError);
    assertEquals(below.message, `cannot make the folder ${dir}/file/x: ENOTDIR (advice)`);
  });
});

Deno.test("Deno's errors by number", () => {
  assertEquals(errnoOf(new Deno.errors.NotFound("x")), ENOENT);
  assertEquals(errnoOf(new Deno.errors.PermissionDenied("x")), EACCES);
  assertEquals(errnoOf(new Error("No space left on device (os error 28)")), 28);
  assertEquals(errnoOf(new Error("x")), EINVAL);
});
