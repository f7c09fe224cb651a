/**
 * Frames as the Linux kernel sent them (6.18, between two namespaces, all offloads off), and the
 * means to compare with them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";

/** Bytes of hexadecimal text; white space is ignored. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/\s+/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => {
    return parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  });
}

export function view(u8: Uint8Array): DataView {
  return new DataView(u8.buffer, u8.byteOffset, u8.byteLength);
}

/** Where `assertEmits` has the header written: odd, so that nothing may hang on alignment. */
export const EMIT_OFF = 33;

/** A buffer that shows what an emitter forgot to write. */
export function dirty(len = 256): DataView {
  return new DataView(new Uint8Array(len).fill(0xa5).buffer);
}

/** Runs `emit` on a dirty buffer: it must write exactly `expected` at EMIT_OFF and nothing else. */
export function assertEmits(expected: Uint8Array, emit: (dv: DataView, off: number) => void): void {
  const dv = dirty(EMIT_OFF + expected.length + 64);
  emit(dv, EMIT_OFF);
  const u8 = new Uint8Array(dv.buffer);
  assertEquals(u8.slice(EMIT_OFF, EMIT_OFF + expected.length), Uint8Array.from(expected));
  assertEquals(u8.subarray(0, EMIT_OFF).every((b) => b === 0xa5), true, "bytes before");
  const after = u8.subarray(EMIT_OFF + expected.length);
  assertEquals(after.every((b) => b === 0xa5), true, "bytes after");
}

export const IP_A = 0xc6120701 | 0; // 198.18.7.1
export const IP_B = 0xc6120702 | 0; // 198.18.7.2
export const MAC_HI = 0x0200;
export const MAC_A_LO = 0x0000000a;
export const MAC_B_LO = 0x0000000b;

export const ARP_REQUEST_FRAME = hex(
  `ffffffffffff 02000000000a 0806
   0001 0800 06 04 0001 02000000000a c6120701 000000000000 c6120702`,
);
export const ARP_REPLY_FRAME = hex(
  `02000000000a 02000000000b 0806
   0001 0800 06 04 0002 02000000000b c6120702 02000000000a c6120701`,
);
/** ping -s 24 -p 6e757365 */
export const ECHO_REQUEST_FRAME = hex(
  `02000000000b 02000000000a 0800
   450000344b1440004001558dc6120701c6120702
   0800a6a0293d0001 680a036b00000000f1f50700000000006e7573656e757365`,
);
export const ECHO_REPLY_FRAME = hex(
  `02000000000a 02000000000b 0800
   45000034540c000040018c95c6120702c6120701
   0000aea0293d0001 680a036b00000000f1f50700000000006e7573656e757365`,
);
/** First fragment of ping -s 2001, headers only. */
export const FIRST_FRAGMENT_HEADER = hex("450005dc4b15200040016fe4c6120701c6120702");
/** Second fragment, headers only. */
export const LAST_FRAGMENT_HEADER = hex("450002254b1500b9400192e2c6120701c6120702");
/** ping -T tsonly: 40 bytes of options (timestamp). */
export const OPTIONS_PACKET = hex(
  `4f00007c4b1640004001c679c6120701c6120702
   442809000353344e0000000000000000000000000000000000000000000000000000000000000000
   08006f70293f0001680a036b000000002d070800000000001011121314151617
   18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637`,
);
export const UDP_PACKET = hex(
  "45000021bbcb40004011e4d8c6120701c6120702 0fa01388000d3fa9 6e75736521",
);
/** Port unreachable with TOS 0xc0, about a datagram of one byte to port 9. */
export const PORT_UNREACHABLE_PACKET = hex(
  `45c00039540f000040018bcdc6120702c6120701 0303973f00000000
   4500001dc3b740004011dcf0c6120701c6120702 0fa000090009de0a 78`,
);
export const SYN_PACKET = hex(
  `4500003c3ecb4000400661c9c6120701c6120702
   9c401f905e7ff60200000000a002faf085a30000 020405b40402080a64a6b847000000000103030a`,
);
export const SYN_ACK_PACKET = hex(
  `4500003c000040004006a094c6120702c6120701
   1f909c40f4d99f365e7ff603a012fe8867100000 020405b40402080a6cfa19df64a6b8470103030a`,
);
export const DATA_PACKET = hex(
  `4500003f3ecd4000400661c4c6120701c6120702
   9c401f905e7ff603f4d99f378018003f02480000 0101080a64a6b8476cfa19df
   68656c6c6f20776f726c64`,
);
export const FIN_ACK_PACKET = hex(
  `450000343ece4000400661cec6120701c6120702
   9c401f905e7ff60ef4d99f378011003f941d0000 0101080a64a6b8476cfa19df`,
);
export const RST_ACK_PACKET = hex(
  "45000028000040004006a0a8c6120702c6120701 00519c41000000009057b5fd5014000032c10000",
);
