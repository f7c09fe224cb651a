/**
 * The rows of sysctl.ts that are IPv6's alone.
 *
 * @module
 */
import { ANY_V6, IpAddress } from "./base/ip_address.ts";
import { flag, number, numberOf, SECONDS, type Sysctl, text } from "./sysctl_row.ts";

/** Of 128 bits, as an IPv6 address; none is shown as `::`. */
function stableSecret(): Sysctl {
  const row = text(
    "net.ipv6.conf.default.stable_secret",
    "an IPv6 address",
    "of opaque addresses; `::`: of the machine's identifier",
    "ip.stableSecret",
    (value) => IpAddress.parse(value)?.family === 6,
  );
  const none = ANY_V6.toString();
  return {
    ...row,
    parse: (value) => value === none ? { ip: { stableSecret: "" } } : row.parse(value),
    show: (config) => row.show(config) || none,
  };
}

export const IPV6_SYSCTLS: readonly Sysctl[] = [
  flag("net.ipv6.conf.all.disable_ipv6", "IPv6 is not spoken", "ip.disableIpv6"),
  flag(
    "net.ipv6.conf.all.forwarding",
    "IPv6 packets for others go on, as in a router",
    "ip.forward6",
  ),
  flag(
    "net.ipv6.conf.all.accept_redirects",
    "a host follows what IPv6 routers tell of better ones; a router never does",
    "ip.acceptRedirects6",
  ),
  numberOf(
    "net.ipv6.conf.default.addr_gen_mode",
    [0, 2, 3],
    "addresses in a router's prefix: 0 of the MAC address; 2 opaque; 3 by chance",
    "ip.addrGenMode",
  ),
  stableSecret(),
  number(
    "net.ipv6.conf.default.use_tempaddr",
    { min: 0, max: 2 },
    "temporary addresses (RFC 8981): 0 none; 1 made; 2 preferred",
    "ip.useTempaddr",
  ),
  number(
    "net.ipv6.conf.default.temp_valid_lft",
    SECONDS,
    "how long one is there at most",
    "ip.tempValidUs",
  ),
  number(
    "net.ipv6.conf.default.temp_prefered_lft",
    SECONDS,
    "how long one is for what is new",
    "ip.tempPreferredUs",
  ),
];
