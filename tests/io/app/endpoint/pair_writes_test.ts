import { assertEquals } from "@std/assert";
import { MSG_DONTWAIT, MSG_OOB, SOCK_STREAM } from "../../../../ffi/abi/socket.ts";
import { socketPair } from "../../../../ffi/socket.ts";
import { PairWrites } from "../../../../io/app/endpoint/pair_writes.ts";
import { EAGAIN, type StreamSocket } from "../../../../stack/mod.ts";
import { World } from "../world.ts";

/** The calls of the stack's socket, and how to fill the pair. */
class Written {
  readonly calls: string[] = [];
  readonly writes: PairWrites;
  readonly #ends: [number, number];

  constructor(readonly world: World) {
    this.#ends = socketPair(SOCK_STREAM) as [number, number];
    const socket = {
      sendCommit: (n: number, _nowUs: number, more = false, isEnd = false) =>
        this.calls.push(`${n}${more ? " more" : ""}${isEnd ? " end" : ""}`),
      sendUrgent: () => this.calls.push("urgent"),
    } as unknown as StreamSocket;
    this.writes = new PairWrites(world.program().sys, this.#ends[0], socket);
  }

  /** `n` bytes lie in the pair unread. */
  leave(n: number, flags = 0): void {
    const { sys, bufferOff } = this.world.program();
    assertEquals(sys.send(this.#ends[1], this.world.arena.base, bufferOff, n, 0, 0, flags), n);
  }

  /** Reads the next piece, as StreamEndpoint does; how much that was. */
  read(): number {
    const { sys, bufferOff } = this.world.program();
    const { base } = this.world.arena;
    const most = Math.min(100, this.writes.nextPiece());
    const n = sys.recv(this.#ends[0], base, bufferOff, most, 0, 0, MSG_DONTWAIT);
    this.writes.commit(Math.max(n, 0), 0);
    return n;
  }

  close(): void {
    for (const fd of this.#ends) this.world.program().sys.close(fd);
  }
}

function withPair(use: (written: Written, writes: PairWrites) => void): void {
  using world = new World();
  const written = new Written(world);
  use(written, written.writes);
  written.close();
}

Deno.test("writes: nothing special", () =>
  withPair(({ calls }, writes) => {
    assertEquals(writes.nextPiece(), Infinity);
    writes.commit(5, 0);
    writes.commit(0, 0);
    assertEquals(calls, ["5", "0"]);
  }));

Deno.test("writes: MSG_MORE, until it ends", () =>
  withPair(({ calls }, writes) => {
    writes.setMore(true, true, 0);
    writes.commit(5, 0);
    writes.setMore(true, true, 0);
    writes.setMore(false, true, 0);
    writes.setMore(true, false, 0);
    writes.setMore(false, false, 0);
    assertEquals(calls, ["5 more", "0"]);
  }));

Deno.test("writes: the end of a record, before and behind what is in the pair", () =>
  withPair((written, writes) => {
    writes.endRecord(0);
    written.leave(10);
    writes.endRecord(0);
    assertEquals(writes.nextPiece(), 10);
    writes.commit(4, 0);
    assertEquals(writes.nextPiece(), 6);
    writes.commit(6, 0);
    assertEquals(writes.nextPiece(), Infinity);
    assertEquals(written.calls, ["0 end", "4", "6 end"]);
  }));

Deno.test("writes: the urgent byte is the last of those announced", () =>
  withPair((written, writes) => {
    written.leave(10);
    writes.expectUrgent(3);
    assertEquals(writes.nextPiece(), 13);
    writes.commit(12, 0);
    writes.commit(1, 0);
    writes.commit(1, 0);
    assertEquals(written.calls, ["12", "1", "urgent", "1"]);
  }));

Deno.test("writes: an urgent byte of the pair's own", () =>
  withPair((written, writes) => {
    written.leave(3);
    written.leave(1, MSG_OOB);
    written.leave(5);
    writes.noteMark();
    assertEquals([written.read(), writes.hasMark, written.read(), written.read()], [3, true, 1, 5]);
    assertEquals([written.read(), writes.hasMark], [-EAGAIN, false]);
    assertEquals(written.calls, ["3", "1", "urgent", "5", "0"]);
  }));

Deno.test("writes: a later urgent byte takes the place of an earlier one", () =>
  withPair(({ calls }, writes) => {
    writes.expectUrgent(3);
    writes.expectUrgent(5);
    writes.commit(5, 0);
    assertEquals(calls, ["5", "urgent"]);
  }));

Deno.test("writes: fewer bytes than announced, still in the pair or read already; or none", () =>
  withPair(({ calls }, writes) => {
    writes.expectUrgent(10);
    writes.shortenUrgent(4, false);
    assertEquals(writes.nextPiece(), 6);
    writes.commit(6, 0);
    writes.expectUrgent(10);
    writes.commit(6, 0);
    writes.shortenUrgent(4, false);
    writes.expectUrgent(10);
    writes.shortenUrgent(10, true);
    writes.shortenUrgent(10, false);
    assertEquals(writes.nextPiece(), Infinity);
    assertEquals(calls, ["6", "urgent", "6", "urgent"]);
  }));
