import { assert, assertEquals, assertThrows } from "@std/assert";
import { LOCAL_MAC, PEER_MAC } from "../../support/rig.ts";
import { frameText6, isSaid } from "./read.ts";
import { writeFrame6 } from "./write.ts";

/** What the peer could say, in a frame of ours. */
function mirrored(text: string): string {
  const frame = writeFrame6(text, null);
  if ((frame.bytes[0] & 1) === 0) frame.bytes.set(PEER_MAC, 0);
  frame.bytes.set(LOCAL_MAC, 6);
  return frameText6(frame);
}

Deno.test("scripts of IPv6: what is written is read as the same words", () => {
  const [ends, onLink] = [" [from own, to peer]", " [from own-ll]"];
  const same = (text: string, mods: string): [string, string] => [text + mods, text];
  const pairs: readonly [string, string][] = [
    same("udp 7:5000 (8)", ends),
    same("hbh{1e:0102,pad2} dst{pad4,9e:0102,pad6} rh{0,1} udp 7:9 (0)", ends),
    same("frag{7,0+} proto 17 (16)", ends),
    same("dst{pad6} frag{4294967295,1448} proto 17 (560)", ends),
    same("none", ends),
    ["proto 200 (3) [from own, to peer, hop 1, tc 46]", "proto 200 (3) [hop 1, tc 46]"],
    same("echo id 7 seq 65535 (56)", ends),
    same("ns peer <sll own-mac>", " [from own]"),
    same("na own RSO <tll own-mac>", ends),
    ["na own - <opt fd01000000000000> [to peer]", "na own - <opt 253>"],
    same("redirect fe80::9 2001:db8:77::9 <tll own-mac>", " [from own-ll, to peer]"),
    same("mld report v1 ff0e::1", onLink),
    same("mld done ff0e::1", onLink),
    same("mld report v2 ALLOW ff0e::2 {2001:db8::1}; TO_EX ff0e::1 {}", onLink),
  ];
  for (const [written, read] of pairs) assertEquals(mirrored(written), read);
});

Deno.test("scripts of IPv6: what is wrong with a frame is said", () => {
  const said = (text: string) => mirrored(text).split("!! ")[1];
  assertEquals(said("udp 7:9 (8) [from own, to peer, badsum]"), "checksum");
  assertEquals(said("echo id 1 seq 1 (8) [from own, to peer, badsum]"), "checksum");
  assertEquals(said("udp 7:9 (8) [from own, to peer, len 17]"), "payload length");
  assertEquals(said("udp 7:9 (8) [from own, to peer]"), undefined);
});

Deno.test("scripts of IPv6: an error quotes what came in, or nobody knows what", () => {
  const error = "port_unreachable of {udp 7:9 (8)} [from own, to peer]";
  const quoted = writeFrame6(error, null).bytes.slice(14 + 48);
  const frame = writeFrame6(error, null);
  frame.bytes.set(PEER_MAC, 0);
  frame.bytes.set(LOCAL_MAC, 6);
  assertEquals(frameText6(frame, [quoted]), "port_unreachable");
  assertEquals(frameText6(frame, [quoted.slice(1)]), "port_unreachable of what nobody sent");
});

Deno.test("scripts of IPv6: a star is any word, and nothing else is", () => {
  assert(isSaid("frag{*,0+} proto 17 (8)", "frag{123,0+} proto 17 (8)"));
  assert(isSaid("ns 2001:db8:64::c612:2", "ns own"));
  assert(!isSaid("ns own", "ns own [hop 254]"));
  assert(!isSaid("udp 7:* (8)", "udp 7:9 (8) [tc 1]"));
});

Deno.test("scripts of IPv6: nonsense is refused", () => {
  for (const text of ["nonsense", "udp 7:9", "ns nowhere", "too_big mtu 1280", "ns own <x>"]) {
    assertThrows(() => writeFrame6(text, null), Error, undefined, text);
  }
});
