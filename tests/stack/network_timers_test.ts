import { assertEquals } from "@std/assert";
import { Alarm } from "../../stack/base/alarm.ts";
import { NetworkTimers, type Timed } from "../../stack/network_timers.ts";

/** Due at `atUs`, and then never again. */
class Part implements Timed {
  asked = 0;

  constructor(readonly name: string, readonly log: string[], public atUs = Infinity) {}

  poll(nowUs: number): void {
    this.log.push(`${this.name} ${nowUs}`);
    if (this.atUs <= nowUs) this.atUs = Infinity;
  }

  pollAtUs(): number {
    this.asked++;
    return this.atUs;
  }
}

Deno.test("network timers: nobody is asked before the alarm rings, then all are, in order", () => {
  const log: string[] = [];
  const alarm = new Alarm();
  const [a, b] = [new Part("a", log), new Part("b", log, 50)];
  const timers = new NetworkTimers(alarm, [a, b]);
  assertEquals([timers.pollAtUs(), timers.pollAtUs(), a.asked, b.asked], [50, 50, 1, 1]);
  timers.poll(49);
  assertEquals(log, []);
  timers.poll(50);
  assertEquals([log.splice(0), timers.pollAtUs()], [["a 50", "b 50"], Infinity]);
  timers.poll(1e9);
  assertEquals(log, []);
  a.atUs = 60;
  alarm.by(60);
  assertEquals(timers.pollAtUs(), 60);
  timers.poll(60);
  assertEquals([log.splice(0), timers.pollAtUs()], [["a 60", "b 60"], Infinity]);
  alarm.stir();
  timers.poll(70);
  assertEquals(log, ["a 70", "b 70"]);
});
