/**
 * What the log costs a segment: off, as in a run without `--log`; with every category at `debug`,
 * which a segment that goes well tells nothing of; at `trace`, made into entries, but not written.
 * And the question alone that an event asks first.
 *
 * @module
 */
import { type Level, thresholdsOf } from "../../io/log/levels.ts";
import { StackLog } from "../../io/log/stack_log.ts";
import { LogEvent, type LogSink, SILENT_LOG } from "../../stack/mod.ts";
import { connect, MSS, patch, setPayload } from "./connection.ts";
import { START_US } from "./host.ts";
import { keep, mustBe, warmed } from "./measure.ts";

const FRAMES_A_TURN = 16;
const FRAME_US = 10;
const QUESTIONS = 100;

function logAt(level: Level): LogSink {
  return new StackLog({
    thresholds: thresholdsOf(() => level),
    clockUs: () => START_US,
    startUs: 0,
    onEntry: ({ message }) => keep(message.length),
  });
}

/** In-order segments, read at once. */
function benchSegment(name: string, log: LogSink, isBaseline = false): void {
  const { near, all: [c] } = connect(1, { log });
  let nowUs = START_US;
  let n = 0;
  setPayload(near, MSS);
  Deno.bench({
    name,
    group: "TCP segment in, 1460 B",
    baseline: isBaseline,
    fn: warmed(() => {
      nowUs += FRAME_US;
      patch(near, c);
      near.input(nowUs);
      c.seq = (c.seq + MSS) | 0;
      mustBe(c.socket.recvAvailable(), MSS, "bytes received");
      keep(c.socket.recvSpan(MSS).off0);
      c.socket.recvConsume(MSS, nowUs);
      if (++n % FRAMES_A_TURN === 0) near.turn(nowUs);
    }),
  });
}

benchSegment("log off", SILENT_LOG, true);
benchSegment("log at debug: nothing to tell", logAt("debug"));
benchSegment("log at trace: two entries", logAt("trace"));

Deno.bench({
  name: `${QUESTIONS} questions`,
  group: "is anybody listening?",
  fn: warmed(() => {
    let heard = 0;
    for (let i = 0; i < QUESTIONS; i++) {
      if (SILENT_LOG.isOn[LogEvent.TCP_STATE] !== 0) heard++;
    }
    keep(heard);
  }),
});
