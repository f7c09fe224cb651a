import { assertEquals } from "@std/assert";
import {
  canReceiveData,
  canSendData,
  Recovery,
  State,
  stateName,
} from "../../../../stack/tcp/base/state.ts";

const STATES = Object.values(State).filter((s): s is State => typeof s === "number");

function namesOf(test: (state: State) => boolean): string[] {
  return STATES.filter(test).map(stateName).sort();
}

Deno.test("states: names as the RFC prints them, numbers as Linux reports them", () => {
  const names = STATES.sort((a, b) => a - b).map((s) => `${s} ${stateName(s)}`);
  assertEquals(names, [
    "1 ESTABLISHED",
    "2 SYN-SENT",
    "3 SYN-RECEIVED",
    "4 FIN-WAIT-1",
    "5 FIN-WAIT-2",
    "6 TIME-WAIT",
    "7 CLOSED",
    "8 CLOSE-WAIT",
    "9 LAST-ACK",
    "10 LISTEN",
    "11 CLOSING",
  ]);
});

Deno.test("states: before our FIN is queued we may send, before the peer's we may receive", () => {
  assertEquals(namesOf(canSendData), ["CLOSE-WAIT", "ESTABLISHED"]);
  assertEquals(namesOf(canReceiveData), ["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"]);
});

Deno.test("recovery: numbered as TCP_INFO's tcpi_ca_state", () => {
  assertEquals([Recovery.OPEN, Recovery.FAST, Recovery.LOSS], [0, 3, 4]);
});
