/**
 * An honest program beside hostile ones: whatever these do, its connection carries what it sends,
 * its datagrams arrive, and its requests are answered.
 *
 * @module
 */
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import * as P from "../../../ffi/shim/protocol.ts";
import {
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
  DGRAM_PAYLOAD_LEN_OFF,
  EAGAIN,
} from "../../../stack/mod.ts";
import { connectedStreams, type Program, type ProgramSocket } from "../../io/app/program.ts";
import type { World } from "../../io/app/world.ts";
import { Failure } from "../failure.ts";
import type { Token } from "./hostile.ts";
import { HONEST_PORT, SILENT_PORT } from "./requests.ts";

/** More than a backlog of 0 lets in. */
const CROWD = 4;
const MESSAGE_LEN = 1000;

export class Honest {
  readonly #program: Program;
  readonly #client: ProgramSocket;
  readonly #server: ProgramSocket;
  readonly #listener: ProgramSocket;
  readonly #datagrams: ProgramSocket;
  readonly #idle: ProgramSocket[] = [];
  #round = 0;
  /** Sockets that it holds, those in its backlog among them. */
  readonly socketCount: number;

  constructor(readonly world: World) {
    this.#program = world.program();
    const { client, server, listener } = connectedStreams(this.#program, HONEST_PORT);
    [this.#client, this.#server, this.#listener] = [client, server, listener];
    this.#datagrams = this.#program.socket(AF_INET, SOCK_DGRAM);
    this.#check("bind", this.#datagrams.bind("127.0.0.1", HONEST_PORT), 0);
    this.#check("connect", this.#datagrams.connect("127.0.0.1", HONEST_PORT, 0), 0);
    this.#fillSilentPort();
    this.socketCount = world.service.socketCount;
  }

  /** A listener that never accepts, with a full backlog: who connects to it waits. */
  #fillSilentPort(): void {
    const silent = this.#program.socket(AF_INET, SOCK_STREAM);
    this.#check("bind", silent.bind("127.0.0.1", SILENT_PORT), 0);
    this.#check("listen", silent.listen(0), 0);
    this.#idle.push(silent);
    for (let i = 0; i < CROWD; i++) {
      const socket = this.#program.socket(AF_INET, SOCK_STREAM);
      socket.connect("127.0.0.1", SILENT_PORT);
      this.#idle.push(socket);
    }
    this.world.steps(10);
  }

  get token(): Token {
    return this.#program.token;
  }

  /** Everything works. Throws Failure. */
  check(): void {
    this.#round++;
    this.#check("WHO", this.#client.request(P.NUSE_OP_WHO).result, 0);
    const sent = new Uint8Array(MESSAGE_LEN).fill(this.#round & 255);
    this.#check("send", this.#client.send(sent), MESSAGE_LEN);
    let left = MESSAGE_LEN;
    while (left > 0) {
      const got = this.#server.receive(left);
      if (typeof got === "number" || got.length === 0) throw new Failure(`honest: read ${got}`);
      if (got.some((byte) => byte !== sent[0])) throw new Failure("honest: other bytes");
      left -= got.length;
    }
    this.#exchangeDatagram();
    // Strangers may connect to it: they are let in, and dropped.
    for (let next = this.#listener.tryAccept(); next; next = this.#listener.tryAccept()) {
      next.socket.close();
    }
  }

  /** Only what it has sent itself can arrive: the socket is connected to its own address. */
  #exchangeDatagram(): void {
    const message = new Uint8Array(DGRAM_HEADER_LEN + 4);
    const dv = new DataView(message.buffer);
    dv.setUint16(0, DGRAM_MAGIC, true);
    dv.setUint32(DGRAM_PAYLOAD_LEN_OFF, 4, true);
    dv.setInt32(DGRAM_HEADER_LEN, this.#round, true);
    this.#check("send a datagram", this.#datagrams.sendMessage(message), message.length);
    this.world.until("the datagram", () => {
      const got = this.#datagrams.recv();
      if (got === -EAGAIN) return null;
      if (typeof got === "number") throw new Failure(`honest: datagram ${got}`);
      const { buffer } = got;
      return new DataView(buffer).getInt32(DGRAM_HEADER_LEN, true) === this.#round;
    });
  }

  close(): void {
    const used = [this.#client, this.#server, this.#listener, this.#datagrams];
    for (const socket of [...used, ...this.#idle]) socket.close();
  }

  #check(what: string, result: number, expected: number): void {
    if (result !== expected) throw new Failure(`honest: ${what} gives ${result}`);
  }
}
