import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../../../cli/base/failure.ts";
import {
  parseHostname,
  parseNameserver,
  parseSearch,
  parseSysctl,
  parseSysctlOption,
} from "../../../cli/config/global_values.ts";

const inFile = (text: string) => ({
  text,
  from: "f:1:8",
  placeAt: (offset: number) => `f:1:${8 + offset}`,
});

Deno.test("names of hosts and domains", () => {
  for (const name of ["lab", "lab.example.net", "a-1", "7", "x".repeat(63)]) {
    assertEquals(parseHostname(inFile(name)), name);
  }
  for (const name of ["-a", "a-", "a..b", "a b", "é", "x".repeat(64), "a.".repeat(32) + "a"]) {
    assertThrows(() => parseHostname(inFile(name)), Failure, `f:1:8: "${name}" is`);
  }
  assertEquals(parseSearch(inFile("lab.example  example.")), ["lab.example", "example."]);
  assertThrows(() => parseSearch(inFile("lab a_-")), Failure, 'f:1:12: "a_-" is no name');
});

Deno.test("name servers are hosts", () => {
  assertEquals(parseNameserver(inFile("198.18.0.53")), "198.18.0.53");
  assertEquals(parseNameserver(inFile("127.0.0.53")), "127.0.0.53");
  assertEquals(parseNameserver(inFile("2001:db8::53")), "2001:db8::53");
  for (const text of ["198.18.0.53/24", "0.0.0.0", "224.0.0.251", "dns", "ff02::1"]) {
    assertThrows(() => parseNameserver(inFile(text)), Failure, "f:1:8: ");
  }
});

Deno.test("sysctls: name and value, each wrong one at its place", () => {
  const name = "net.ipv4.tcp_rmem";
  assertEquals(parseSysctl(inFile(`${name}\t4096  65536 65536`)), {
    name,
    value: "4096 65536 65536",
  });
  assertEquals(parseSysctlOption("net.ipv4.tcp_sack=0"), { name: "net.ipv4.tcp_sack", value: "0" });
  const line = (text: string) => assertThrows(() => parseSysctl(inFile(text)), Failure).message;
  assertEquals(
    line("net.ipv4.tcp_sack  2"),
    'f:1:27: net.ipv4.tcp_sack cannot be "2" (expected 0, 1)',
  );
  assertEquals(line("net.ipv4.tcp_sack"), "f:1:8: net.ipv4.tcp_sack has no value (expected 0, 1)");
  const advice = "docs/configuration.md has them all";
  for (const near of ["tcp_sack", "net.ipv4.tcp_sak", "net.ipv6.tcp_sack", "net.ipv4.tcp_sakc"]) {
    const hint = `did you mean net.ipv4.tcp_sack? ${advice}`;
    assertEquals(line(`${near} 0`), `f:1:8: unknown sysctl "${near}" (${hint})`);
  }
  assertEquals(line("kernel.panic 1"), `f:1:8: unknown sysctl "kernel.panic" (${advice})`);
  for (const text of ["net.ipv4.tcp_sack", "net.ipv4.tcp_sack=2", "=1"]) {
    assertThrows(() => parseSysctlOption(text), Failure, "--sysctl ");
  }
});
