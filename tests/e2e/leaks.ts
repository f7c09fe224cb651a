/**
 * A host that has a network of its own beside nuse's, and what is seen there: whatever goes past
 * nuse leaves by it, and has an answer, so that only the capture tells.
 *
 *     ns a: va (bare, nuse's) ── veth ── vb 198.18.0.1/24 in ns b
 *           vh 198.18.4.1/24  ── veth ── vp 198.18.4.2/24 in ns b      a's default route
 *
 * @module
 */
import { type Netns, veth } from "../lab/netns.ts";
import { type Fixture, SELF } from "./fixture.ts";

const HOST = "198.18.4.1";

/** Every frame of a namespace's interfaces: interface, direction, IPv4 source (or "-"). */
const CAPTURE = `
import signal, socket
everything = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
signal.signal(signal.SIGTERM, lambda *_: everything.setblocking(False))
everything.settimeout(0.05)
print("ready", flush=True)
while True:
    try:
        packet, (name, protocol, direction, *_) = everything.recvfrom(65535)
    except TimeoutError:
        continue
    except BlockingIOError:
        break
    source = socket.inet_ntoa(packet[12:16]) if protocol == 0x0800 else "-"
    print(name, "out" if direction == 4 else "in", source)
`;

interface Frame {
  readonly iface: string;
  readonly direction: string;
  readonly source: string;
}

export interface Seen {
  /** What has come to the peer by nuse's interface, from nuse's address. */
  readonly nuses: number;
  /** What has come to the peer by nuse's interface, from whomever else. */
  readonly strangers: Frame[];
  /** What the host has sent or received by its own interface, or by its loopback. */
  readonly hosts: Frame[];
}

/** Gives the host its own way to the peer, as a default route. */
export async function giveHostNetwork(f: Fixture): Promise<void> {
  await veth(f.a, "vh", `${HOST}/24`, f.b, "vp", "198.18.4.2/24");
  await f.a.ip("route add default via 198.18.4.2");
}

async function capture(ns: Netns): Promise<() => Promise<Frame[]>> {
  const running = ns.start(["python3", "-S", "-c", CAPTURE]);
  await running.waitFor("ready");
  return async () => {
    running.kill();
    const { code, stdout, stderr } = await running.done;
    if (code !== 0) throw new Error(`capture: ${stderr}`);
    return stdout.trim().split("\n").slice(1).map((line) => {
      const [iface, direction, source] = line.split(" ");
      return { iface, direction, source };
    });
  };
}

/** What is seen on either side while `use` runs. */
export async function seenWhile(f: Fixture, use: () => Promise<void>): Promise<Seen> {
  const [stopHost, stopPeer] = [await capture(f.a), await capture(f.b)];
  await use();
  const [atHost, atPeer] = [await stopHost(), await stopPeer()];
  const came = atPeer.filter(({ iface, direction }) => iface === "vb" && direction === "in");
  const known = [SELF, "-"]; // ARP has no IPv4 source
  return {
    nuses: came.filter(({ source }) => source === SELF).length,
    strangers: came.filter(({ source }) => !known.includes(source)),
    hosts: atHost.filter(({ iface }) => iface !== "va"),
  };
}
