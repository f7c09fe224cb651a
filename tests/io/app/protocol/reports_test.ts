import { assertEquals } from "@std/assert";
import * as P from "../../../../ffi/shim/protocol.ts";
import { type Report, Reports } from "../../../../io/app/protocol/reports.ts";
import { World } from "../world.ts";

/** A report of the file at `path`, whose first byte is `first`. */
function image(path: string, first = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(P.NUSE_IMAGE_PATH_OFF + path.length + 1);
  new DataView(bytes.buffer).setUint32(P.NUSE_IMAGE_PATH_LEN_OFF, path.length, true);
  bytes.set(new TextEncoder().encode(path), P.NUSE_IMAGE_PATH_OFF);
  bytes[bytes.length - 1] = first;
  return bytes;
}

function listening(): { reports: Reports; heard: Report[] } {
  const heard: Report[] = [];
  const reports = new Reports();
  reports.listener = (report) => heard.push(report);
  return { reports, heard };
}

Deno.test("reports: the same program is handed on once, whatever the file holds by now", () => {
  const { reports, heard } = listening();
  reports.take(P.NUSE_OP_IMAGE, image("/bin/a", 1));
  reports.take(P.NUSE_OP_IMAGE, image("/bin/a", 2));
  reports.take(P.NUSE_OP_IMAGE, image("/bin/b", 1));
  reports.take(P.NUSE_OP_PACKET_SOCKET, image("/bin/a", 1));
  assertEquals(heard.map(({ op }) => op), [
    P.NUSE_OP_IMAGE,
    P.NUSE_OP_IMAGE,
    P.NUSE_OP_PACKET_SOCKET,
  ]);
});

Deno.test("reports: no more than so many, and none that lies about its length hurts", () => {
  const { reports, heard } = listening();
  const liar = image("/bin/a");
  new DataView(liar.buffer).setUint32(P.NUSE_IMAGE_PATH_LEN_OFF, 0xffffffff, true);
  reports.take(P.NUSE_OP_IMAGE, liar);
  reports.take(P.NUSE_OP_IMAGE, new Uint8Array(0));
  for (let i = 0; i < 5000; i++) reports.take(P.NUSE_OP_IMAGE, image(`/bin/${i}`));
  assertEquals(heard.length, 4096);
});

Deno.test("reports: come as messages that nobody answers", () => {
  using world = new World();
  const program = world.program();
  program.send(P.NUSE_OP_IMAGE, { data: image("/bin/a") });
  program.send(P.NUSE_OP_PACKET_SOCKET, { data: image("/bin/a") });
  assertEquals(program.request(P.NUSE_OP_HELLO).result, 0); // the next reply is that of HELLO
});
