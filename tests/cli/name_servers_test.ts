/** @module */
import { assertEquals } from "@std/assert";
import { type NamesSources, planNames, serversIn } from "../../cli/name_servers.ts";

const UPSTREAM = "/run/systemd/resolve/resolv.conf";

function plan(host: string | null, sources: Partial<NamesSources> = {}, upstream = "") {
  const files: Record<string, string | null> = { "/etc/resolv.conf": host, [UPSTREAM]: upstream };
  const read = (path: string) => files[path] ?? null;
  return planNames({ configured: [], search: [], leased: [], leasedSearch: [], read, ...sources });
}

Deno.test("the servers of a file; comments and rubbish left out", () => {
  const text = [
    "# nameserver 192.0.2.9",
    "nameserver 192.0.2.1",
    "nameserver\t2001:db8::53",
    "nameserver fe80::1%eth0",
    "nameserver nonsense",
    " nameserver 192.0.2.8",
    "nameserver 192.0.2.2 # the other one",
  ].join("\n");
  assertEquals(serversIn(text), ["192.0.2.1", "2001:db8::53", "192.0.2.2"]);
});

Deno.test("what the host has will do, if the stack can ask it", () => {
  const { text, fact } = plan("nameserver 192.0.2.1\nsearch example.test\n");
  assertEquals(text, null);
  assertEquals(fact, "names: the program asks 192.0.2.1, as the host, through the stack");
  assertEquals(plan(null).text, null);
});

Deno.test("the configuration goes before DHCP, that before the host; options stay", () => {
  const host = "nameserver 192.0.2.1\ndomain old.test\noptions timeout:1\n";
  const leased = ["192.0.2.53"];
  const kept = "domain old.test\noptions timeout:1\n";
  assertEquals(plan(host, { leased }).text, `nameserver 192.0.2.53\n${kept}`);
  const configured = ["198.18.0.53", "198.18.0.54"];
  const both = "nameserver 198.18.0.53\nnameserver 198.18.0.54\n";
  assertEquals(plan(host, { leased, configured }).text, both + kept);
  const search = ["a.test", "b.test"];
  assertEquals(
    plan(host, { search }).text,
    "nameserver 192.0.2.1\nsearch a.test b.test\noptions timeout:1\n",
  );
});

Deno.test("a server on the host's loopback cannot be asked: those that it asks itself", () => {
  const host = "nameserver 127.0.0.53\noptions edns0\nsearch example.test\n";
  const upstream = "nameserver 192.0.2.1\nnameserver 127.0.0.1\n";
  const { text, fact } = plan(host, {}, upstream);
  assertEquals(text, "nameserver 192.0.2.1\noptions edns0\nsearch example.test\n");
  const instead = "instead of 127.0.0.53";
  assertEquals(fact, `names: the program asks 192.0.2.1, ${instead}, through the stack`);
  const none = plan(host);
  assertEquals(none.text, "options edns0\nsearch example.test\n");
  assertEquals(none.fact, `names: the program asks nobody, ${instead}, through the stack`);
  const mixed = plan("nameserver 127.0.0.1\nnameserver 192.0.2.7\n");
  assertEquals(mixed.text, "nameserver 192.0.2.7\n");
});
