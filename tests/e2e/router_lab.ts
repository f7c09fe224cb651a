/**
 * A network of IPv6 alone, with a router that is the kernel, Debian's radvd and dnsmasq:
 *
 *     RAW: ns a, nuse on va ── veth ── vb ── br0 in ns b, the router
 *     TAP: nuse in ns b, its TAP a port of br0
 *
 * No interface has an IPv4 address.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { allowIpv6, HAS_IPV6 } from "../lab/ipv6.ts";
import { canMakeNetns, Netns, type Running, type RunResult, veth } from "../lab/netns.ts";
import { NUSE } from "../lab/nuse.ts";
import { isInstalled } from "../lab/setup.ts";
import { until } from "./fixture.ts";

export const ROUTER = "2001:db8:a::1";
/** Beyond the router. */
export const FAR = "2001:db8:77::1";
export const PREFIX = "2001:db8:a::/64";

export interface DnsmasqOptions {
  readonly range?: string;
  readonly more?: readonly string[];
}

export class RouterLab {
  /** Of what the servers read and write. */
  readonly #dir: string;

  private constructor(
    readonly isTap: boolean,
    readonly a: Netns,
    readonly b: Netns,
    dir: string,
  ) {
    this.#dir = dir;
  }

  static async create(isTap: boolean): Promise<RouterLab> {
    const [a, b] = [await Netns.create("v6na"), await Netns.create("v6nb")];
    const lab = new RouterLab(isTap, a, b, await Deno.makeTempDir({ prefix: "nuse-router-" }));
    try {
      for (const ns of [a, b]) await allowIpv6(ns);
      await b.run(["sysctl", "-qw", "net.ipv6.conf.all.forwarding=1"]);
      await b.ip("link add br0 type bridge");
      await veth(a, "va", null, b, "vb", null);
      await b.ip("link set vb master br0");
      await b.ip("link set br0 up");
      await b.ip(`addr add ${ROUTER}/64 dev br0 nodad`);
      await b.ip(`addr add ${FAR}/128 dev lo nodad`);
      await until("the router's link-local address", async () => {
        const { stdout } = await b.run(["ip", "-6", "addr", "show", "dev", "br0"]);
        return stdout.includes("fe80") && !stdout.includes("tentative");
      });
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `lines`: of radvd's section of the interface. */
  async radvd(...lines: string[]): Promise<Running> {
    const pace = [
      "MinRtrAdvInterval 3;",
      "MaxRtrAdvInterval 4;",
      "MinDelayBetweenRAs 0.03;",
      "AdvIntervalOpt on;",
    ];
    const common = ["AdvSendAdvert on;", ...pace];
    const conf = `${this.#dir}/radvd.conf`;
    await Deno.writeTextFile(conf, `interface br0 {\n${[...common, ...lines].join("\n")}\n};\n`);
    const argv = ["radvd", "-n", "-m", "stderr", "-C", conf, "-p", `${this.#dir}/radvd.pid`];
    return this.b.start(argv, { limitSec: 90 });
  }

  /** Names of lab.test, and DHCPv6 with a `range`. */
  async dnsmasq({ range, more = [] }: DnsmasqOptions = {}): Promise<Running> {
    const dhcp = range === undefined ? [] : [
      `--dhcp-range=${range}`,
      `--dhcp-option=option6:dns-server,[${ROUTER}]`,
      "--dhcp-option=option6:domain-search,lab.test",
      `--dhcp-leasefile=${this.#dir}/leases`,
      "--log-dhcp",
    ];
    const server = this.b.start([
      ...["dnsmasq", "-k", "-C", "/dev/null", "-R", "-h", "-u", "root", "--bind-interfaces"],
      ...["--interface=br0", "--local=/test/", `--host-record=web.lab.test,${ROUTER}`],
      ...[`--log-facility=${this.#dir}/dnsmasq.log`, `--pid-file=${this.#dir}/dnsmasq.pid`],
      ...[...dhcp, ...more],
    ], { limitSec: 90 });
    await until("dnsmasq listens", async () => {
      const { stdout } = await this.b.run(["ss", "-6lnu"]);
      return stdout.includes(":53 ") && (range === undefined || stdout.includes(":547"));
    });
    return server;
  }

  /** A web server, of one short text. */
  async web(): Promise<Running> {
    await Deno.mkdir(`${this.#dir}/www`);
    await Deno.writeTextFile(`${this.#dir}/www/index.html`, "hello of IPv6\n");
    const argv = ["python3", "-m", "http.server", "-b", "::", "-d", `${this.#dir}/www`, "8080"];
    const server = this.b.start(argv, { limitSec: 90 });
    await until("the web server", async () => {
      return (await this.b.run(["ss", "-6lnt"])).stdout.includes(":8080");
    });
    return server;
  }

  /** What dnsmasq has written. */
  log(): Promise<string> {
    return Deno.readTextFile(`${this.#dir}/dnsmasq.log`).catch(() => "");
  }

  start(address: string, argv: readonly string[], env: readonly string[] = []): Running {
    const tap = this.isTap ? ["NUSEVIF=TAP", "nuse-va-bridge=br0"] : [];
    const all = ["env", "NUSEDEV=va", `nuse-va=${address}`, ...tap, ...env, NUSE, ...argv];
    return (this.isTap ? this.b : this.a).start(all, { limitSec: 70 });
  }

  async nuse(
    address: string,
    argv: readonly string[],
    env: readonly string[] = [],
  ): Promise<RunResult> {
    return await this.start(address, argv, env).done;
  }

  /** As `nuse`; it must end well. */
  async must(address: string, script: string, env: readonly string[] = []): Promise<RunResult> {
    const r = await this.nuse(address, ["sh", "-ec", script], env);
    assertEquals(r.code, 0, r.stdout + r.stderr);
    return r;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.a.close();
    await this.b.close();
    await Deno.remove(this.#dir, { recursive: true });
  }
}

export type RouterTest = (
  name: string,
  body: (lab: RouterLab) => Promise<void>,
  vifs?: readonly string[],
) => void;

/** Tests that need these programs, besides root and IPv6. */
export function withRouter(...programs: string[]): RouterTest {
  const missing = programs.filter((program) => !isInstalled(program));
  const can = canMakeNetns && HAS_IPV6 && missing.length === 0;
  const needs = ["root", "iproute2", "IPv6", ...programs].join(", ");
  return (name, body, vifs = ["RAW", "TAP"]) => {
    for (const vif of vifs) {
      Deno.test({
        name: `${vif} v6 network: ${name}${can ? "" : ` (left out: needs ${needs})`}`,
        ignore: !can,
        fn: async () => {
          await using lab = await RouterLab.create(vif === "TAP");
          await body(lab);
        },
      });
    }
  };
}
