import { assert, assertEquals } from "@std/assert";
import { AddressNumbers } from "../../../stack/base/address_numbers.ts";
import { IpAddress } from "../../../stack/base/ip_address.ts";

const ip = (text: string) => IpAddress.parse(text)!;

Deno.test("address numbers: one for each address, and no int32", () => {
  const numbers = new AddressNumbers();
  const a = numbers.hold(ip("ff05::1"));
  const b = numbers.hold(ip("ff05::2"));
  assert(a !== b && a > 0xffffffff && b > 0xffffffff);
  assertEquals(numbers.hold(ip("ff05:0::1")), a);
  assertEquals([numbers.find(ip("ff05::2")), numbers.find(ip("ff05::3"))], [b, NaN]);
  assertEquals(numbers.addressOf(a)?.toString(), "ff05::1");
  assertEquals(numbers.addressOf(b + 1), null);
});

Deno.test("address numbers: an IPv4 address is its own", () => {
  const numbers = new AddressNumbers();
  assertEquals(numbers.hold(ip("224.0.0.5")), 0xe0000005 | 0);
  assertEquals(numbers.find(ip("10.0.0.1")), 0x0a000001);
  assertEquals(numbers.addressOf(0xe0000005 | 0)?.toString(), "224.0.0.5");
  assertEquals(numbers.count, 0);
});

Deno.test("address numbers: what nobody holds is known for a while, not for ever", () => {
  const numbers = new AddressNumbers();
  const held = numbers.hold(ip("ff05::1"));
  for (let i = 0; i < 10_000; i++) {
    numbers.release(numbers.hold(IpAddress.fromWords(0xff050000 | 0, 0, 1, i)));
  }
  assertEquals(numbers.count, 4097);
  assertEquals(numbers.addressOf(held)?.toString(), "ff05::1");
  assertEquals(numbers.find(IpAddress.fromWords(0xff050000 | 0, 0, 1, 0)), NaN);
  const last = numbers.find(IpAddress.fromWords(0xff050000 | 0, 0, 1, 9999));
  assertEquals(numbers.hold(IpAddress.fromWords(0xff050000 | 0, 0, 1, 9999)), last);
});

Deno.test("address numbers: who is held again is not forgotten with the idle ones", () => {
  const numbers = new AddressNumbers();
  const number = numbers.hold(ip("ff05::1"));
  numbers.release(number);
  assertEquals(numbers.hold(ip("ff05::1")), number);
  for (let i = 0; i < 5000; i++) {
    numbers.release(numbers.hold(IpAddress.fromWords(0xff050000 | 0, 0, 1, i)));
  }
  assertEquals(numbers.addressOf(number)?.toString(), "ff05::1");
});

Deno.test("address numbers: held once more by its number", () => {
  const numbers = new AddressNumbers();
  const number = numbers.hold(ip("ff05::1"));
  numbers.holdNumber(number);
  numbers.holdNumber(0x0a000001); // an IPv4 address's, which is nobody's to hold
  numbers.release(number);
  for (let i = 0; i < 5000; i++) {
    numbers.release(numbers.hold(IpAddress.fromWords(0xff050000 | 0, 0, 1, i)));
  }
  assertEquals(numbers.addressOf(number)?.toString(), "ff05::1");
});
