import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { chooseCompiler, compile, CompileError } from "../../ffi/compile.ts";
import { EINTR, ENOENT, ENOSPC } from "../../ffi/errno.ts";

const SOURCE = "int answer(void) { return 42; }\n";

/** A folder with a source, and a way to compile it by a script that stands for the compiler. */
class Bench implements Disposable {
  readonly dir = Deno.makeTempDirSync({ prefix: "nuse-compile-" });
  readonly out = `${this.dir}/out`;

  constructor() {
    Deno.mkdirSync(this.out);
    Deno.writeTextFileSync(`${this.dir}/answer.c`, SOURCE);
  }

  script(body: string): string {
    const path = `${this.dir}/compiler`;
    Deno.writeTextFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  }

  compile(...compilers: string[]): void {
    compile([`${this.dir}/answer.c`], `${this.out}/answer.so`, chooseCompiler(compilers));
  }

  /** What compiling by that script fails with. Nothing must be left of it. */
  failure(body: string): CompileError {
    const before = this.left;
    const error = assertThrows(() => this.compile(this.script(body)), CompileError);
    assertEquals(this.left, before);
    return error;
  }

  get left(): string[] {
    return [...Deno.readDirSync(this.out)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** Writes what a compiler that is interrupted leaves behind. */
const HALF = 'while [ "$1" != -o ]; do shift; done; echo half > "$2";';

Deno.test("the first compiler that exists is taken; CC may have arguments", () => {
  using bench = new Bench();
  bench.compile("/nonexistent/cc", "cc -g0");
  assertEquals(bench.left, ["answer.so"]);
  assertEquals(Deno.statSync(`${bench.out}/answer.so`).mode! & 0o777, 0o755);
});

Deno.test("a compiler is found by a path from here, and works from anywhere", () => {
  using bench = new Bench();
  const home = Deno.cwd();
  bench.script('pwd >&2; exec cc "$@"');
  Deno.chdir(bench.dir);
  try {
    bench.compile("./compiler");
    assertMatch(bench.failure("pwd >&2; exit 1").message, /C parts: \/ \(try another CC\)$/);
  } finally {
    Deno.chdir(home);
  }
});

Deno.test("a compiler that was killed is called that, by signal or by its driver", () => {
  using bench = new Bench();
  const signal = bench.failure(`${HALF} kill -KILL $$`);
  assertMatch(
    signal.message,
    /^\S+compiler was killed while it compiled nuse's C parts: SIGKILL \(out of memory, .+\)$/,
  );
  assertEquals(signal.errno, EINTR);
  const driver = bench.failure(
    `${HALF} echo 'gcc: fatal error: Killed signal terminated program cc1' >&2; exit 1`,
  );
  assertMatch(driver.message, /was killed .*: Killed \(/);
});

Deno.test("a compiler without room names the folder", () => {
  using bench = new Bench();
  const error = bench.failure(
    `${HALF} echo '/usr/bin/ld: final link failed: No space left on device' >&2; exit 1`,
  );
  assertEquals(error.errno, ENOSPC);
  // Both folders have room here.
  assertMatch(error.message, /no space left in \/\S+ or \/\S+out \(make room there, .*NUSE_CACHE/);
});

Deno.test("a wrong CC is named", () => {
  using bench = new Bench();
  const missing = assertThrows(() => bench.compile("nosuchcc -O3"), CompileError);
  assertEquals(
    missing.message,
    "CC=nosuchcc -O3: no such compiler (unset CC, or name one: gcc, clang)",
  );
  assertEquals(missing.errno, ENOENT);
  assertMatch(bench.failure("exit 0").message, /^\S+ made no library \(unset CC, or name a C /);
  assertMatch(bench.failure("exit 3").message, /: it ended with status 3 and said nothing \(/);
  assertMatch(
    assertThrows(() => bench.compile(`${bench.dir}/answer.c`), CompileError).message,
    /^cannot run \S+answer\.c: EACCES \(unset CC, or name a C compiler\)$/,
  );
  const none = assertThrows(() => bench.compile("/nonexistent/cc", "/nonexistent/gcc"));
  assertMatch((none as Error).message, /^no C compiler .* apt-get install gcc, or use the built/);
});

Deno.test("the compiler's own words are passed on, in English", () => {
  using bench = new Bench();
  const error = bench.failure(`${HALF} echo "noise" >&2; echo "a.c:1: error: $LC_ALL" >&2; exit 1`);
  assertMatch(error.message, /cannot compile nuse's C parts: a\.c:1: error: C \(try another CC\)$/);
  assert(!error.message.includes("\n"));
});
