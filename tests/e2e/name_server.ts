/**
 * A name server for names_test.ts, on port 53 of its argument: every A question has one answer,
 * that for `large.test` only over TCP. Says "ready" when it listens, then who asks.
 *
 * @module
 */
const ANSWERS: Readonly<Record<string, number[]>> = {
  "small.test": [198, 18, 9, 1],
  "large.test": [198, 18, 9, 2],
};
const HEADER_LEN = 12;
const TRUNCATED = 0x0200;

/** The name asked for, and where the question ends (RFC 1035 4.1.2). */
function readQuestion(message: Uint8Array): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_LEN;
  while (message[at] !== 0) {
    labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + message[at])));
    at += 1 + message[at];
  }
  return { name: labels.join("."), end: at + 5 };
}

function reply(query: Uint8Array, isTcp: boolean): Uint8Array {
  const { name, end } = readQuestion(query);
  const isA = query[end - 3] === 1;
  const address = isA ? ANSWERS[name] : undefined;
  const isCut = name === "large.test" && !isTcp;
  const answer = address === undefined || isCut
    ? []
    : [0xc0, HEADER_LEN, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address];
  const bytes = Uint8Array.from([...query.subarray(0, end), ...answer]);
  const dv = new DataView(bytes.buffer);
  dv.setUint16(2, 0x8180 | (isCut ? TRUNCATED : 0)); // response, recursion
  dv.setUint16(6, answer.length > 0 ? 1 : 0); // ANCOUNT
  dv.setUint32(8, 0);
  return bytes;
}

async function serveTcp(connection: Deno.TcpConn): Promise<void> {
  const query = new Uint8Array(514);
  const n = await connection.read(query);
  const bytes = reply(query.subarray(2, n ?? 2), true);
  await connection.write(Uint8Array.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]));
  connection.close();
}

const address = { hostname: Deno.args[0], port: 53 };
const udp = Deno.listenDatagram({ ...address, transport: "udp" });
const tcp = Deno.listen(address);
console.log("ready");
await Promise.all([
  (async () => {
    for await (const [query, from] of udp) {
      console.log((from as Deno.NetAddr).hostname);
      await udp.send(reply(query, false), from);
    }
  })(),
  (async () => {
    for await (const connection of tcp) await serveTcp(connection);
  })(),
]);
