import { assertEquals } from "@std/assert";
import { EINVAL, ENOBUFS, ENOENT, ENOPROTOOPT, getOption, setOption } from "../../../stack/mod.ts";
import { controlMessage } from "../../../stack/socket/ancillary.ts";
import { askFlowLabel, changeFlowLabel } from "../../../stack/socket/sol_ipv6_headers.ts";
import { concat, Host6 } from "../v6_fixture.ts";

const HEADER = Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0);

Deno.test("sticky headers: whole ones, one of a kind, gone without a value", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  const set = (name: number, value: Uint8Array) => setOption(socket, 41, name, value, host.nowUs);
  const get = (name: number) => getOption(socket, 41, name, 64, host.nowUs);
  assertEquals([54, 55, 59].map((name) => set(name, HEADER)), [0, 0, 0]);
  assertEquals([54, 55, 57, 59].map(get), [HEADER, HEADER, new Uint8Array(0), HEADER]);
  assertEquals(set(57, HEADER), -EINVAL, "no routing header is known");
  assertEquals(set(54, Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0)), -EINVAL);
  assertEquals(set(54, new Uint8Array(0)), 0);
  assertEquals(get(54), new Uint8Array(0));
  const long = new Uint8Array(56);
  long[1] = 6;
  assertEquals(set(59, long), -ENOBUFS);
  const stream = host.stack.socket(10, 1, 0);
  if (typeof stream === "number") throw new Error("no stream");
  assertEquals(setOption(stream, 41, 54, HEADER, host.nowUs), -ENOPROTOOPT);
});

Deno.test("IPV6_2292PKTOPTIONS: headers in one go, and what a stream's packets would bring", () => {
  const host = new Host6();
  const socket = host.datagram(2, 17, 10);
  const messages = concat(controlMessage(41, 54, HEADER), controlMessage(41, 59, HEADER));
  assertEquals(setOption(socket, 41, 6, messages, host.nowUs), 0);
  assertEquals(getOption(socket, 41, 54, 64, host.nowUs), HEADER);
  assertEquals(setOption(socket, 41, 6, new Uint8Array(0), host.nowUs), 0);
  assertEquals(getOption(socket, 41, 54, 64, host.nowUs), new Uint8Array(0));
  const stream = host.stack.socket(10, 1, 0);
  if (typeof stream === "number") throw new Error("no stream");
  setOption(stream, 41, 51, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  const hops = getOption(stream, 41, 6, 64, host.nowUs);
  assertEquals(hops, controlMessage(41, 52, Uint8Array.of(1, 0, 0, 0)));
  setOption(stream, 41, 51, new Uint8Array(4), host.nowUs);
  setOption(stream, 41, 2, Uint8Array.of(1, 0, 0, 0), host.nowUs);
  const info = (index: number) => concat(new Uint8Array(16), Uint8Array.of(index, 0, 0, 0));
  assertEquals(getOption(stream, 41, 6, 64, host.nowUs), controlMessage(41, 2, info(0)));
  stream.options.stickyIfIndex6 = 2;
  assertEquals(getOption(stream, 41, 6, 64, host.nowUs), controlMessage(41, 2, info(2)));
});

Deno.test("IPV6_FLOWLABEL_MGR: there are no leases, and none is given", () => {
  const request = new Uint8Array(32);
  assertEquals([changeFlowLabel(request), askFlowLabel(request)], [-ENOENT, -ENOENT]);
  request[22] = 1; // IPV6_FL_F_CREATE
  assertEquals(changeFlowLabel(request), -ENOBUFS);
  request[16] = 1; // more than a label
  assertEquals(changeFlowLabel(request), -EINVAL);
  request[20] = 3;
  assertEquals([changeFlowLabel(request), askFlowLabel(request)], [-EINVAL, -EINVAL]);
  assertEquals(changeFlowLabel(request.subarray(1)), -EINVAL);
});
