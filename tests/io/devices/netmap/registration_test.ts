/**
 * Versions, the legacy request, and what each refusal of the kernel says.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  NETMAP_REQ_PORT_HDR_GET,
  NETMAP_REQ_PORT_HDR_SET,
  NETMAP_REQ_PORT_INFO_GET,
  NETMAP_REQ_REGISTER,
  NETMAP_REQ_VALE_LIST,
  NIOCREGIF,
} from "../../../../ffi/abi/netmap.ts";
import { EBUSY, EINVAL, ENOENT, ENOMEM, ENXIO, EPERM, SysError } from "../../../../ffi/errno.ts";
import { parsePortName, type PortName } from "../../../../io/devices/netmap/port_name.ts";
import { openNetmapDevice, register } from "../../../../io/devices/netmap/registration.ts";
import { type SimFaults, SimKernel } from "../../../lab/netmap/sim_kernel.ts";
import { SimPort } from "../../../lab/netmap/sim_port.ts";

function withKernel(faults: SimFaults, name: string, use: (k: SimKernel, p: PortName) => void) {
  const kernel = new SimKernel(new SimPort({ slots: 16 }), faults);
  try {
    use(kernel, parsePortName(name) as PortName);
  } finally {
    if (kernel.fd >= 0) kernel.close(kernel.fd);
    kernel.port.close();
  }
}

function refusal(faults: SimFaults, name = "eth0"): string {
  let text = "";
  withKernel(faults, name, (kernel, port) => {
    const error = assertThrows(() => register(kernel, openNetmapDevice(kernel), port), SysError);
    text = error.message;
  });
  assert(!text.includes("\n"), text);
  return text;
}

Deno.test("register: by NIOCCTRL, with virtio-net headers where a VALE port has them", () => {
  withKernel({}, "vale0:x", (kernel, port) => {
    const got = register(kernel, kernel.open(), port);
    assertEquals(got, {
      ifOff: 1024,
      memoryLen: kernel.port.memoryLen,
      vnetLen: 10,
      isLegacy: false,
    });
    assertEquals(kernel.seen, [
      NETMAP_REQ_PORT_INFO_GET,
      NETMAP_REQ_REGISTER,
      NETMAP_REQ_VALE_LIST, // us
      NETMAP_REQ_VALE_LIST, // nobody more
      NETMAP_REQ_PORT_HDR_SET,
      NETMAP_REQ_PORT_HDR_GET,
    ]);
  });
  for (const name of ["eth0", "vale0:x{1"]) {
    withKernel({}, name, (kernel, port) => {
      assertEquals(register(kernel, kernel.open(), port).vnetLen, 0, name);
    });
  }
});

Deno.test("register: no headers beside a port of the same switch that has none", () => {
  const cases: [others: string[], vnetLen: number][] = [
    [["vale0:eth0"], 0],
    [["vale9:a", "vale0:b"], 0],
    [["vale9:eth0", "vale00:b"], 10],
    [[], 10], // but for our own, which has none yet
  ];
  for (const [others, vnetLen] of cases) {
    withKernel({ others }, "vale0:x", (kernel, port) => {
      assertEquals(register(kernel, kernel.open(), port).vnetLen, vnetLen, `${others}`);
    });
  }
});

Deno.test("register: a module from before NIOCCTRL is asked by NIOCREGIF", () => {
  withKernel({ isOld: true }, "eth0", (kernel, port) => {
    const got = register(kernel, kernel.open(), port);
    assertEquals(got, {
      ifOff: 1024,
      memoryLen: kernel.port.memoryLen,
      vnetLen: 0,
      isLegacy: true,
    });
    assertEquals(kernel.seen, [NIOCREGIF]);
  });
});

Deno.test("register: each refusal in one line, with what to do", () => {
  assertEquals(
    refusal({ register: -EBUSY }),
    "netmap does not give us the port eth0: EBUSY " +
      "(another program or a VALE switch has it: end that first)",
  );
  assert(refusal({ register: -ENOMEM }).includes("raise buf_num"));
  assert(refusal({ register: -ENXIO }).includes("no such interface or port"));
  assert(refusal({ register: -EINVAL }, "netmap:eth0-9").includes("ring 9 may not exist"));
  assert(refusal({ register: -EINVAL }).includes("NUSEVIF=RAW"));
  assert(refusal({ api: 16 }).includes("does not take API 14: EINVAL (the loaded netmap module"));
  assert(refusal({ open: -ENOENT }).includes("modprobe netmap"));
  assert(refusal({ open: -EPERM }).includes("run with sudo"));
});
