/**
 * UDP through a whole stack: a datagram from the program's record to the device, and from the
 * device to the record that the program is given. Virtual time; 32 datagrams to a wake-up.
 *
 * Not in these figures: system calls, and the copy between the program and the record.
 *
 * @module
 */
import {
  CSUM_NONE,
  CSUM_VALID,
  type DatagramSocket,
  DGRAM_HEADER_LEN,
  DGRAM_MAGIC,
} from "../../stack/mod.ts";
import { type Host, pair, settle, START_US } from "./host.ts";
import { keep, mustBe, warmed } from "./measure.ts";

const PORT = 5001;
const DATAGRAMS_A_TURN = 32;
const DATAGRAM_US = 1;

interface Sender {
  readonly host: Host;
  readonly socket: DatagramSocket;
  /** Records to send from, one each turn's datagram: they stay untouched until the flush. */
  readonly records: number[];
}

/** A connected socket on `from`, and its records. */
function sender(from: Host, to: Host, payloadLen: number): Sender {
  const socket = from.datagramSocket();
  if (socket.connect(to.addr, PORT, START_US) < 0) throw new Error("bench: connect");
  const records = Array.from({ length: DATAGRAMS_A_TURN }, () => {
    const off = from.memory.alloc(DGRAM_HEADER_LEN + payloadLen);
    from.memory.u8.fill(0, off, off + DGRAM_HEADER_LEN);
    from.memory.dv.setUint16(off, DGRAM_MAGIC, true);
    from.memory.dv.setUint32(off + 4, payloadLen, true);
    return off;
  });
  return { host: from, socket, records };
}

function benchOut(what: string, payloadLen: number, offload: boolean, baseline = false): void {
  const { near, far } = pair({ offload });
  if (far.datagramSocket().bind(far.addr, PORT, START_US) < 0) throw new Error("bench: bind");
  const { socket, records } = sender(near, far, payloadLen);
  socket.send(records[0], payloadLen, START_US);
  settle(near, far);
  near.far = null;
  let nowUs = START_US;
  let n = 0;
  Deno.bench({
    name: what,
    group: "UDP datagram out",
    baseline,
    fn: warmed(() => {
      const i = n++ % DATAGRAMS_A_TURN;
      nowUs += DATAGRAM_US;
      mustBe(socket.send(records[i], payloadLen, nowUs), payloadLen, "sent");
      if (i !== DATAGRAMS_A_TURN - 1) return;
      const before = near.sent;
      near.turn(nowUs);
      mustBe(near.sent - before, offload ? 1 : DATAGRAMS_A_TURN, "frames");
    }),
  });
}

benchOut("64 B, 32 in a frame (USO)", 64, true, true);
benchOut("64 B, one in a frame, checksum too", 64, false);
benchOut("1 KiB, 32 in a frame (USO)", 1024, true);
benchOut("1 KiB, one in a frame, checksum too", 1024, false);

function benchIn(what: string, payloadLen: number, csum: number, baseline = false): void {
  const { near, far } = pair({ offload: false });
  const socket = near.datagramSocket();
  if (socket.bind(near.addr, PORT, START_US) < 0) throw new Error("bench: bind");
  const out = sender(far, near, payloadLen);
  out.socket.send(out.records[0], payloadLen, START_US);
  settle(near, far);
  mustBe(socket.recvCount(), 1, "datagrams");
  socket.recvConsume(1, START_US);
  near.rx.csum[0] = csum;
  let nowUs = START_US;
  let n = 0;
  Deno.bench({
    name: what,
    group: "UDP datagram in",
    baseline,
    fn: warmed(() => {
      nowUs += DATAGRAM_US;
      near.input(nowUs);
      mustBe(socket.recvCount(), 1, "datagrams");
      keep(socket.recvPeek(0));
      socket.recvConsume(1, nowUs);
      if (++n % DATAGRAMS_A_TURN === 0) near.turn(nowUs);
    }),
  });
}

benchIn("64 B", 64, CSUM_VALID, true);
benchIn("64 B, checksum too", 64, CSUM_NONE);
benchIn("1 KiB", 1024, CSUM_VALID);
benchIn("1 KiB, checksum too", 1024, CSUM_NONE);
