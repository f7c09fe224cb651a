import { assertEquals } from "@std/assert";
import { Call } from "../../../../io/app/control/call.ts";
import type { AppContext } from "../../../../io/app/endpoint/app_context.ts";
import { MESSAGE_MAX_LEN } from "../../../../io/app/protocol/message.ts";

Deno.test("a call's memory: a request and one byte, two descriptors, a reply", () => {
  const asked: number[] = [];
  const allocate = (lenBytes: number) => asked.push(lenBytes) * 0x10000;
  const call = new Call({ allocate } as unknown as AppContext);
  assertEquals(asked, [MESSAGE_MAX_LEN + 1, 8, MESSAGE_MAX_LEN]);
  assertEquals([call.requestOff, call.fdOff, call.reply.off], [0x10000, 0x20000, 0x30000]);
});

Deno.test("a descriptor is taken once", () => {
  const call = new Call({ allocate: () => 0 } as unknown as AppContext);
  call.fd = 7;
  assertEquals([call.takeFd(), call.fd, call.takeFd()], [7, -1, -1]);
});
