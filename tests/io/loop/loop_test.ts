/** @module */
import { assert, assertEquals } from "@std/assert";
import { EPOLLIN } from "../../../ffi/abi/epoll.ts";
import { CLOCK_MONOTONIC } from "../../../ffi/abi/file.ts";
import { MSG_DONTWAIT, SOCK_DGRAM, SOCK_STREAM } from "../../../ffi/abi/socket.ts";
import { Arena } from "../../../ffi/arena.ts";
import { ENETDOWN, ENODEV } from "../../../ffi/errno.ts";
import { libc } from "../../../ffi/libc.ts";
import { socketPair } from "../../../ffi/socket.ts";
import { type Device, DeviceCounters } from "../../../io/devices/base/device.ts";
import { EventLoop, type Handler, type LoopStack } from "../../../io/loop/loop.ts";
import { signalEvent } from "../../../io/loop/stop_event.ts";
import { BuddyMemory, RxFrames } from "../../../stack/mod.ts";

const sys = libc();
const arena = Arena.map(1 << 20);
const memory = new BuddyMemory(arena.buffer);

/** Writes down what the loop does. */
class FakeStack implements LoopStack {
  readonly calls: string[] = [];
  atUs = Infinity;
  input(ifIndex: number, rx: RxFrames, i: number, _nowUs: number): void {
    this.calls.push(`input ${ifIndex}:${rx.off[i]}`);
  }
  poll(): void {
    this.calls.push("poll");
  }
  flush(): void {
    this.calls.push("flush");
  }
  pollAtUs(): number {
    return this.atUs;
  }
}

/** A device whose frames are the bytes of a socket: `ready` of them, handed out in batches. */
class FakeDevice implements Device {
  readonly name = "fake";
  readonly mac = new Uint8Array(6);
  readonly mtu = 1500;
  readonly caps = { csum: false, tso: false, uso: false, gsoMaxBytes: 0 };
  readonly rx = new RxFrames(2);
  readonly counters = new DeviceCounters();
  readonly fd: number;
  readonly far: number;
  error = 0;

  constructor() {
    [this.fd, this.far] = socketPair(SOCK_DGRAM) as [number, number];
  }

  feed(frame: number): void {
    arena.u8[0] = frame;
    assertEquals(sys.send(this.far, arena.base, 0, 1, 0, 0, 0), 1);
  }

  receive(): number {
    if (this.error !== 0) return -this.error;
    this.rx.count = 0;
    while (this.rx.count < 2 && sys.recv(this.fd, arena.base, 8, 1, 0, 0, MSG_DONTWAIT) === 1) {
      this.rx.off[this.rx.count++] = arena.u8[8];
    }
    return this.rx.count;
  }

  transmit(): void {}

  close(): void {
    sys.close(this.fd);
    sys.close(this.far);
  }
}

function withLoop(use: (loop: EventLoop, stack: FakeStack) => void): void {
  const stack = new FakeStack();
  const used = memory.usedBytes;
  const loop = new EventLoop(arena, memory, stack);
  try {
    use(loop, stack);
  } finally {
    loop.close();
  }
  assertEquals(memory.usedBytes, used);
}

function withPair(use: (a: number, b: number) => void): void {
  const [a, b] = socketPair(SOCK_STREAM) as [number, number];
  try {
    use(a, b);
  } finally {
    sys.close(a);
    sys.close(b);
  }
}

function sendByte(fd: number): void {
  assertEquals(sys.send(fd, arena.base, 0, 1, 0, 0, 0), 1);
}

Deno.test("EventLoop: the order of one wake-up, with one clock reading", () => {
  withLoop((loop, stack) => {
    const device = new FakeDevice();
    loop.service = {
      beforeFlush: (nowUs) => stack.calls.push(`before ${nowUs === loop.nowUs}`),
      afterFlush: (nowUs) => stack.calls.push(`after ${nowUs === loop.nowUs}`),
      hasNews: false,
      mayWait: () => true,
    };
    loop.onWake = (nowUs) => stack.calls.push(`wake ${nowUs === loop.nowUs}`);
    loop.onTurnEnd = () => stack.calls.push("end");
    try {
      assertEquals(loop.addDevice(device, 2), 0);
      for (const frame of [10, 11]) device.feed(frame);
      loop.step(Infinity);
      assertEquals(stack.calls, [
        ...["wake true", "input 2:10", "input 2:11"],
        ...["poll", "before true", "flush", "after true", "end"],
      ]);
    } finally {
      device.close();
    }
  });
});

Deno.test("EventLoop: it does not sleep over what no descriptor tells of", () => {
  withLoop((loop, stack) => {
    const asked: string[] = [];
    const service = {
      beforeFlush: () => asked.push("before"),
      afterFlush: () => {},
      hasNews: false,
      mayWait: () => asked.push("may it wait?") < 0,
    };
    loop.service = service;
    loop.step(Infinity); // would wait for ever
    assertEquals(asked, ["may it wait?", "before"]);
    assertEquals(stack.calls.at(-1), "flush");
  });
});

Deno.test("EventLoop: a busy device is read one batch a wake-up", () => {
  withLoop((loop, stack) => {
    const device = new FakeDevice();
    try {
      loop.addDevice(device, 2);
      for (let i = 0; i < 5; i++) device.feed(i);
      for (const soFar of [2, 4, 5]) {
        loop.step(Infinity);
        assertEquals(stack.calls.filter((call) => call.startsWith("input")).length, soFar);
        assertEquals(stack.calls.at(-1), "flush");
      }
    } finally {
      device.close();
    }
  });
});

Deno.test("EventLoop: handlers get their events until they are removed", () => {
  withLoop((loop) => {
    withPair((a, b) => {
      let seen = 0;
      const slot = loop.add(a, EPOLLIN, { onEvents: (events) => seen += events });
      assert(slot >= 0);
      sendByte(b);
      loop.step(Infinity);
      loop.step(Infinity);
      assertEquals(seen, 2 * EPOLLIN);
      assertEquals(loop.modify(slot, 0), 0);
      loop.step(0);
      assertEquals(seen, 2 * EPOLLIN);
      loop.modify(slot, EPOLLIN);
      loop.remove(slot);
      loop.remove(slot);
      loop.step(0);
      assertEquals(seen, 2 * EPOLLIN);
      assert(loop.add(-1, EPOLLIN, { onEvents() {} }) < 0);
      assertEquals(loop.add(a, EPOLLIN, { onEvents() {} }), slot, "slots are used again");
    });
  });
});

Deno.test("EventLoop: events of a slot removed in the same batch are dropped", () => {
  withLoop((loop) => {
    withPair((a, b) => {
      withPair((c, d) => {
        const calls: string[] = [];
        const slots: number[] = [];
        /** Whoever comes first removes the other, and takes its slot for a third. */
        const handler = (name: string, other: number): Handler => ({
          onEvents() {
            calls.push(name);
            if (calls.length > 1) return;
            loop.remove(slots[other]);
            loop.add(other === 0 ? b : d, EPOLLIN, { onEvents: () => calls.push("third") });
          },
        });
        slots.push(loop.add(a, EPOLLIN, handler("first", 1)));
        slots.push(loop.add(c, EPOLLIN, handler("second", 0)));
        sendByte(b);
        sendByte(d);
        loop.step(Infinity);
        assertEquals(calls.length, 1);
      });
    });
  });
});

Deno.test("EventLoop: a forgotten slot is free, its descriptor is watched until closed", () => {
  withLoop((loop) => {
    const [a, b] = socketPair(SOCK_STREAM) as [number, number];
    const seen: string[] = [];
    const slot = loop.add(a, EPOLLIN, { onEvents: () => seen.push("a") });
    sendByte(b);
    loop.forget(slot);
    loop.forget(slot);
    sys.close(a);
    sys.close(b);
    withPair((c, d) => {
      assertEquals(loop.add(c, EPOLLIN, { onEvents: () => seen.push("c") }), slot);
      sendByte(d);
      loop.step(Infinity);
      assertEquals(seen, ["c"]);
    });
  });
});

Deno.test("EventLoop: sleeps until the deadline, not at all when something is due", () => {
  withLoop((loop, stack) => {
    const startUs = sys.clockUs(CLOCK_MONOTONIC);
    stack.atUs = startUs + 2000;
    loop.step(Infinity);
    assert(loop.nowUs >= startUs + 2000);
    // Already due: at once.
    loop.step(Infinity);
    stack.atUs = Infinity;
    loop.wake();
    loop.step(Infinity);
    loop.step(sys.clockUs(CLOCK_MONOTONIC) + 1000);
    assertEquals(stack.calls.filter((call) => call === "flush").length, 4);
  });
});

Deno.test("EventLoop: a device that is down stays, one that is gone leaves", () => {
  withLoop((loop) => {
    const device = new FakeDevice();
    const failures: number[] = [];
    loop.onDeviceFailure = (_device, errno) => failures.push(errno);
    try {
      loop.addDevice(device, 2);
      device.feed(1);
      device.error = ENETDOWN;
      loop.step(Infinity);
      device.error = ENODEV;
      loop.step(Infinity);
      loop.step(0);
      assertEquals(failures, [ENETDOWN, ENODEV]);
      loop.removeDevice(device);
    } finally {
      device.close();
    }
  });
});

Deno.test("EventLoop: a device that was removed is forgotten: its slot is somebody else's", () => {
  withLoop((loop) => {
    withPair((a, b) => {
      const device = new FakeDevice();
      let seen = 0;
      try {
        loop.addDevice(device, 2);
        loop.removeDevice(device);
        loop.add(a, EPOLLIN, { onEvents: () => seen++ });
        loop.removeDevice(device);
        sendByte(b);
        loop.step(0);
        assertEquals(seen, 1);
      } finally {
        device.close();
      }
    });
  });
});

Deno.test("EventLoop: stop from inside, and before run", () => {
  withLoop((loop, stack) => {
    loop.stop();
    loop.run();
    assertEquals(stack.calls, ["poll", "flush"]);
    withPair((a, b) => {
      sendByte(b);
      loop.add(a, EPOLLIN, { onEvents: () => loop.stop() });
      loop.run();
    });
  });
});

Deno.test("EventLoop: runs in a Worker and is stopped from the main thread", async () => {
  const worker = new Worker(import.meta.resolve("../loop_worker.ts"), { type: "module" });
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
  try {
    const stopFd = await next();
    assert(typeof stopFd === "number");
    const ended = next();
    signalEvent(stopFd);
    assertEquals(await ended, "ended");
  } finally {
    worker.terminate();
  }
});
