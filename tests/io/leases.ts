/**
 * A lease as DHCP servers give it, with nothing that it could be without.
 *
 * @module
 */
import { IpAddress, type Lease } from "../../stack/mod.ts";

const ip = (text: string) => IpAddress.parse(text)!;

export const LEASE: Lease = {
  addr: ip("198.18.0.77"),
  prefixLen: 24,
  server: ip("198.18.0.1"),
  routes: [],
  mtu: 0,
  nameservers: [],
  domain: "",
  search: [],
  hostname: "",
  renewAfterUs: 1800e6,
  rebindAfterUs: 3150e6,
  expiresAfterUs: 3600e6,
};
