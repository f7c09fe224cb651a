/**
 * Modules without a test file of their own, and where they are tested instead. A key that ends in
 * "/" speaks for the rest of a folder.
 *
 * @module
 */

export const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  "cli/build/build.ts": "tests/e2e/build_test.ts builds and runs dist/nuse",
  "cli/config/interfaces.ts": "tests/cli/config/build_test.ts: every key and what is wrong with it",
  "cli/own_stack.ts": "tests/e2e: every run has one; tests/e2e/join_test.ts: name, what keeps it",
  "cli/place.ts": "interfaces; those who have them are tested",
  "cli/run.ts": "tests/e2e: the whole command line",
  "cli/session.ts": "tests/e2e/lifecycle_test.ts: signals, exit status, job control",
  "ffi/door.ts": "tests/io/app/door/door_test.ts: every call is answered by it",
  "io/app/door/": "tests/io/app/door/door_test.ts: a static program behind the door",
  "io/capture/": "tests/e2e/capture_test.ts: tcpdump and arping; when it ends",
  "io/app/netlink/source.ts": "tests/e2e/view_test.ts: whose socket is whose",
  "io/app/netlink/": "tests/io/app/netlink/answerer_test.ts: requests of every kind",
  "io/app/proc/": "tests/io/app/proc/tables_test.ts: every file of the tree",
  "ffi/netmap.ts": "tests/e2e: every test over NETMAP, whose kernel is tests/lab/netmap",
  "io/devices/base/host_link.ts":
    "tests/io/devices/open_test.ts, raw_test.ts: every way in and out",
  "io/devices/netmap/open.ts": "tests/io/devices/netmap/device_test.ts: every test opens one",
  "io/devices/netmap/port.ts": "tests/io/devices/netmap/device_test.ts: opens and closes it",
  "io/devices/netmap/receive.ts": "tests/io/devices/netmap/device_test.ts",
  "io/devices/netmap/ring.ts": "tests/io/devices/netmap/device_test.ts: wrap, full, set anew",
  "io/devices/netmap/transmit.ts": "tests/io/devices/netmap/device_test.ts",
  "io/dynamic_ipv6.ts": "tests/e2e/ipv6_network_test.ts: routers and servers of every kind",
  "stack/dhcp/clients.ts": "tests/stack/dhcp: both layers are started and ended by it",
  "stack/dhcp/lease6.ts": "tests/stack/dhcp/client6_test.ts: times, renewals, what ends",
  "stack/dhcp/message6.ts": "tests/stack/dhcp/client6_test.ts: what every message has in it",
  "stack/dhcp/retransmission.ts": "tests/stack/dhcp/client6_test.ts: every kind of message",
  "stack/dhcp/server_choice6.ts": "tests/stack/dhcp/client6_test.ts: the best, the silent",
  "io/runtime.ts": "tests/e2e: every run is composed by it",
  "stack/network_view.ts": "tests/stack/stack_view_test.ts: through the whole view",
  "stack/socket_view.ts": "tests/stack/stack_view_test.ts: through the whole view",
  "stack/tcp/tcp_view.ts": "tests/stack/stack_view_test.ts: through the whole view",
  "stack/sysctl6.ts": "tests/stack/sysctl_test.ts: with the other rows",
  "stack/sysctl_row.ts": "tests/stack/sysctl_test.ts: every kind of row",
  "io/worker.ts": "tests/e2e: every run goes through it",
};
