import { assert, assertEquals } from "@std/assert";
import { parsePortName } from "../../../../io/devices/netmap/port_name.ts";

const plain = { ring: null, memId: 0 };

Deno.test("parsePortName: interfaces, rings, VALE ports, pipes, memory", () => {
  const good = {
    "eth0": { ...plain, name: "eth0", kind: "interface" },
    "br-0": { ...plain, name: "br-0", kind: "interface" },
    "netmap:eth0": { ...plain, name: "eth0", kind: "interface" },
    "netmap:eth0-12": { ...plain, name: "eth0", kind: "interface", ring: 12 },
    "netmap:eth0-1/x@3": { name: "eth0", kind: "interface", ring: 1, memId: 3 },
    "netmap:eth0@2": { ...plain, name: "eth0", kind: "interface", memId: 2 },
    "vale0:x": { ...plain, name: "vale0:x", kind: "vale" },
    "vale0:x-1": { ...plain, name: "vale0:x", kind: "vale", ring: 1 },
    "eth0{1": { ...plain, name: "eth0{1", kind: "pipe" },
    "netmap:eth0}ab": { ...plain, name: "eth0}ab", kind: "pipe" },
    "vale1:p}1": { ...plain, name: "vale1:p}1", kind: "pipe" },
  };
  for (const [text, wanted] of Object.entries(good)) {
    assertEquals<unknown>(parsePortName(text), wanted);
  }
});

Deno.test("parsePortName: what is refused says why", () => {
  const bad = {
    "netmap:eth0/z": "monitor",
    "netmap:eth0-0/t": "monitor",
    "vale0:x/r": "monitor",
    "netmap:eth0^": "host's rings",
    "netmap:eth0*": "host's rings",
    "netmap:eth0-x": "not understood",
    "netmap:eth0/q": "not understood",
    "": "names no netmap port",
    "netmap:": "names no netmap port",
    "vale0:": "names no netmap port",
    "eth0{": "names no netmap port",
    "{1": "names no netmap port",
    "a b": "names no netmap port",
    "eth0/z": "names no netmap port",
    "sixteen-bytes-ab": "too long",
  };
  for (const [text, words] of Object.entries(bad)) {
    const answer = parsePortName(text);
    assert(typeof answer === "string" && answer.includes(words), `${text}: ${answer}`);
  }
});
