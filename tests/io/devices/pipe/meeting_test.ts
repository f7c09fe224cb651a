import { assertEquals, assertThrows } from "@std/assert";
import { SOCK_CLOEXEC, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import { AF_UNIX } from "../../../../ffi/abi/socket.ts";
import { SysError } from "../../../../ffi/errno.ts";
import { libc } from "../../../../ffi/libc.ts";
import { bindUnix } from "../../../../ffi/socket.ts";
import { MeetingPlace } from "../../../../io/devices/pipe/meeting.ts";

function inFolder(use: (path: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    use(`${folder}/pipe`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function meet(path: string, mayListen = true) {
  const place = new MeetingPlace(path);
  return { place, met: place.meet(mayListen) };
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path) !== null;
  } catch {
    return false;
  }
}

Deno.test("meeting: the first listens, the next connects, who leaves takes the file away", () =>
  inFolder((path) => {
    const first = meet(path);
    assertEquals(first.met?.kind, "listening");
    const second = meet(path);
    assertEquals(second.met?.kind, "connected");
    libc().close(second.met!.fd);
    first.place.leave(first.met!.fd);
    assertEquals(exists(path), false);
    first.place.close();
    second.place.close();
  }));

Deno.test("meeting: who may not listen finds nobody", () =>
  inFolder((path) => {
    const { place, met } = meet(path, false);
    assertEquals(met, null);
    assertEquals(exists(path), false);
    place.close();
  }));

Deno.test("meeting: a socket that nobody listens on any more is replaced", () =>
  inFolder((path) => {
    const dead = meet(path);
    libc().close(dead.met!.fd); // as when it is killed: the file stays
    assertEquals(exists(path), true);
    const next = meet(path);
    assertEquals(next.met?.kind, "listening");
    // Who leaves late does not take away what is another's by now
    next.place.leave(libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    assertEquals(exists(path), true);
    next.place.leave(next.met!.fd);
    assertEquals(exists(path), false);
    dead.place.close();
    next.place.close();
  }));

Deno.test("meeting: what is no such socket is left alone, and named", () =>
  inFolder((path) => {
    Deno.writeTextFileSync(path, "mine");
    const place = new MeetingPlace(path);
    assertThrows(() => place.meet(true), SysError, "something else lies there");
    assertEquals(Deno.readTextFileSync(path), "mine");
    Deno.removeSync(path);
    const stream = libc().socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assertEquals(bindUnix(stream, path), 0);
    assertEquals(libc().listen(stream, 1), 0);
    assertThrows(() => place.meet(true), SysError, "the socket of another program");
    assertEquals(exists(path), true);
    libc().close(stream);
    place.close();
  }));

Deno.test("meeting: a folder that is not there, a path that is too long", () =>
  inFolder((path) => {
    assertThrows(() => new MeetingPlace(`${path}/no/pipe`), SysError, "it must exist");
    const place = new MeetingPlace(path + "x".repeat(108));
    assertThrows(() => place.meet(true), SysError, "at most 107 bytes");
    place.close();
  }));
