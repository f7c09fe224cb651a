import { assert, assertEquals } from "@std/assert";
import { Binding, Bindings } from "../../../../stack/tcp/tcb/bindings.ts";
import { SocketOptions } from "../../../../stack/base/socket_options.ts";
import { ANY_V4, ANY_V6, IpAddress } from "../../../../stack/base/ip_address.ts";
import { seededRandom } from "../support/host.ts";

const A = IpAddress.parse("10.0.0.1")!;
const B = IpAddress.parse("10.0.0.2")!;
const EADDRINUSE = -98;

function options(fields: Partial<SocketOptions> = {}): SocketOptions {
  return Object.assign(new SocketOptions(), fields);
}

function bindings(): Bindings {
  return new Bindings(seededRandom(1), 50_000, 50_003);
}

/** Binds two sockets to one port; true when Linux would let both. */
function coexist(
  first: [IpAddress, Partial<SocketOptions>, boolean?],
  second: [IpAddress, Partial<SocketOptions>],
): boolean {
  const table = bindings();
  const a = table.bind(first[0], 80, options(first[1]));
  assert(a instanceof Binding);
  if (first[2] === true) table.startListening(a);
  return table.bind(second[0], 80, options(second[1])) instanceof Binding;
}

Deno.test("bind conflicts as in Linux", () => {
  assertEquals(coexist([A, {}], [A, {}]), false);
  assertEquals(coexist([A, {}], [B, {}]), true);
  assertEquals(coexist([ANY_V4, {}], [B, {}]), false);
  assertEquals(coexist([A, {}], [ANY_V4, {}]), false);
  assertEquals(coexist([ANY_V6, {}], [A, {}]), false);
  assertEquals(coexist([ANY_V6, { v6Only: true }], [A, {}]), true);
  assertEquals(coexist([ANY_V6, { v6Only: true }], [ANY_V4, {}]), true);
  assertEquals(coexist([ANY_V6, {}], [ANY_V4, {}]), false);
  const reuse = { reuseAddr: true };
  assertEquals(coexist([A, reuse], [A, reuse]), true);
  assertEquals(coexist([A, reuse], [A, {}]), false);
  assertEquals(coexist([A, reuse, true], [A, reuse]), false, "the first listens");
  const share = { reusePort: true };
  assertEquals(coexist([A, share, true], [A, share]), true);
  assertEquals(coexist([A, share, true], [A, {}]), false);
  assertEquals(coexist([A, { ifIndex: 2 }], [A, { ifIndex: 3 }]), true);
});

Deno.test("of two that share a port by SO_REUSEADDR only one can listen", () => {
  const table = bindings();
  const a = table.bind(A, 80, options({ reuseAddr: true })) as Binding;
  const b = table.bind(A, 80, options({ reuseAddr: true })) as Binding;
  assertEquals(table.startListening(a), 0);
  assertEquals(table.startListening(b), EADDRINUSE);
});

Deno.test("connections of a listener keep its port from others that do not reuse", () => {
  const table = bindings();
  const listener = table.bind(A, 80, options({ reuseAddr: true })) as Binding;
  const child = table.share(listener, A);
  table.release(listener);
  assertEquals(table.bind(A, 80, options()), EADDRINUSE);
  assert(table.bind(A, 80, options({ reuseAddr: true })) instanceof Binding);
  table.release(child);
});

Deno.test("port 0: any free one, until there is none", () => {
  const table = bindings();
  const ports = new Set<number>();
  for (let i = 0; i < 4; i++) ports.add((table.bind(A, 0, options()) as Binding).port);
  assertEquals([...ports].sort(), [50_000, 50_001, 50_002, 50_003]);
  assertEquals(table.bind(A, 0, options()), EADDRINUSE);
});

Deno.test("connect: one port serves several destinations, but not one that was bound", () => {
  const table = bindings();
  const bound = table.bind(A, 50_001, options()) as Binding;
  const taken = new Set<string>();
  const connect = (remotePort: number) => {
    const free = (port: number) => taken.has(`${port}-${remotePort}`);
    const binding = table.bindForConnect(A, B, remotePort, options(), 0, free);
    if (binding instanceof Binding) taken.add(`${binding.port}-${remotePort}`);
    return binding;
  };
  for (let i = 0; i < 3; i++) assert((connect(80) as Binding).port !== bound.port);
  assertEquals(connect(80), -99);
  assert(connect(81) instanceof Binding);
});

Deno.test("IP_LOCAL_PORT_RANGE: ports are chosen from it, by bind and by connect", () => {
  const table = bindings();
  const own = options({ localPortRange: (50_002 << 16) | 50_001 });
  const bound = [1, 2, 3].map(() => table.bind(A, 0, own));
  const ports = bound.map((b) => b instanceof Binding ? b.port : b);
  assertEquals(ports.sort(), [EADDRINUSE, 50_001, 50_002]);
  const connect = (of: SocketOptions) => table.bindForConnect(A, B, 80, of, 0, () => false);
  assertEquals(connect(own), -99);
  assert([50_000, 50_003].includes((connect(options()) as Binding).port));
});
