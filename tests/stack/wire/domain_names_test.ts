import { assertEquals } from "@std/assert";
import { domainLabels, printableText, readDomainNames } from "../../../stack/wire/domain_names.ts";

const label = (text: string) => [text.length, ...new TextEncoder().encode(text)];
const name = (text: string) => [...text.split(".").flatMap(label), 0];

Deno.test("domain names: several, padding, not too many (RFC 1035 3.1, RFC 8106 5.2)", () => {
  const bytes = Uint8Array.from([...name("lab.test"), ...name("example.org"), 0, 0, 0]);
  assertEquals(readDomainNames(bytes), ["lab.test", "example.org"]);
  assertEquals(readDomainNames(bytes, 1), ["lab.test"]);
  assertEquals(readDomainNames(new Uint8Array()), []);
});

Deno.test("domain names: nothing gets into a file of resolvers but a name", () => {
  const evil = Uint8Array.from([...label("a\nnameserver"), ...label("b c\x1b[2J"), 0]);
  assertEquals(readDomainNames(evil), ["anameserver.bc[2J"]);
  assertEquals(printableText(Uint8Array.of(0x20, 0x41, 0x7f, 0xff, 0x0a)), "A");
  // Longer than a name can be, and one that does not end.
  const long = Uint8Array.from([...Array(5).fill(label("x".repeat(63))).flat(), 0]);
  assertEquals(readDomainNames(long), []);
  assertEquals(readDomainNames(Uint8Array.from(label("lab"))), []);
});

Deno.test("domain names: labels of a name that the server completes (RFC 4704 4.2)", () => {
  assertEquals([...domainLabels("box.lab")], [...label("box"), ...label("lab")]);
  assertEquals([...domainLabels("x".repeat(64))], []);
});
