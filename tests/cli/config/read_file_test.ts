import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../../cli/base/failure.ts";
import { readConfigFile } from "../../../cli/config/read_file.ts";

function withFile(content: string | Uint8Array, use: (path: string) => void): void {
  const path = Deno.makeTempFileSync();
  try {
    if (typeof content === "string") Deno.writeTextFileSync(path, content);
    else Deno.writeFileSync(path, content);
    use(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("--config before NUSECONF; neither: none", () => {
  assertEquals(readConfigFile([], undefined), null);
  withFile("hostname lab\n", (path) => {
    for (const file of [readConfigFile([path], "/nowhere"), readConfigFile([], path)]) {
      assertEquals(file?.global.settings.get("hostname")?.[0].from, `${path}:1:10`);
    }
  });
});

Deno.test("what cannot be a file of ours", () => {
  const refused = (options: string[], variable: string | undefined, why: string) =>
    assertThrows(() => readConfigFile(options, variable), Failure, why);
  refused(["a", "b"], undefined, "--config is given twice");
  refused([], "", "NUSECONF is empty");
  refused(["/nowhere/x"], undefined, "--config: cannot read /nowhere/x: ");
  refused(["/"], undefined, "--config: cannot read /: ");
  refused(["/dev/zero"], undefined, "is longer than");
  withFile(new Uint8Array([0xff, 0xfe, 0]), (path) => refused([], path, "is not text in UTF-8"));
});

Deno.test("a file may be so long and no longer", () => {
  const line = "hostname lab\n";
  const most = 1 << 20;
  const filled = (len: number) => line + "#".repeat(len - line.length - 1) + "\n";
  withFile(filled(most), (path) => {
    assertEquals(readConfigFile([path], undefined)?.global.settings.get("hostname")?.length, 1);
  });
  withFile(filled(most + 1), (path) => {
    assertThrows(() => readConfigFile([path], undefined), Failure, "is longer than");
  });
});
