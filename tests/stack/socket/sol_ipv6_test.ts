import { assertEquals } from "@std/assert";
import { EINVAL, ENOPROTOOPT, EOPNOTSUPP, getOption, setOption } from "../../../stack/mod.ts";
import { intBytes } from "../../../stack/socket/option_codec.ts";
import { Host, ip } from "../net_fixture.ts";
import { checkLevel } from "./linux_options.ts";

Deno.test("IPPROTO_IPV6 on dual-stack sockets as Linux answers", () => {
  checkLevel(41, 3000);
});

Deno.test("not on AF_INET sockets; V6ONLY not once bound", () => {
  const host = new Host();
  const v4 = host.datagram(2, 0);
  assertEquals(setOption(v4, 41, 26, intBytes(1), host.nowUs), -ENOPROTOOPT);
  assertEquals(getOption(v4, 41, 26, 4, host.nowUs), -EOPNOTSUPP);
  const v6 = host.datagram(2, 0, 10);
  v6.bind(ip("::"), 5000, host.nowUs);
  assertEquals(setOption(v6, 41, 26, intBytes(1), host.nowUs), -EINVAL);
});
