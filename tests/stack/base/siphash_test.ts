import { assertEquals } from "@std/assert";
import { SipHash } from "../../../stack/base/siphash.ts";
import { randomSource } from "../storage/random.ts";

const MASK = 0xffffffffffffffffn;

/** SipHash-2-4 as its paper writes it, in BigInt, over 32-bit words. */
function reference(key: number[], words: number[]): bigint {
  const u64 = (low: number, high: number): bigint =>
    (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const [k0, k1] = [u64(key[0], key[1]), u64(key[2], key[3])];
  let [v0, v1] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn];
  let [v2, v3] = [k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const rotl = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & MASK;
  const round = (): void => {
    v0 = (v0 + v1) & MASK;
    v1 = rotl(v1, 13n) ^ v0;
    v0 = rotl(v0, 32n);
    v2 = (v2 + v3) & MASK;
    v3 = rotl(v3, 16n) ^ v2;
    v0 = (v0 + v3) & MASK;
    v3 = rotl(v3, 21n) ^ v0;
    v2 = (v2 + v1) & MASK;
    v1 = rotl(v1, 17n) ^ v2;
    v2 = rotl(v2, 32n);
  };
  const blocks: bigint[] = [];
  for (let i = 0; i + 1 < words.length; i += 2) blocks.push(u64(words[i], words[i + 1]));
  const odd = words.length % 2 === 1 ? words[words.length - 1] : 0;
  blocks.push(u64(odd, ((words.length * 4) & 0xff) << 24));
  for (const m of blocks) {
    v3 ^= m;
    round();
    round();
    v0 ^= m;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

function hash(sip: SipHash, words: number[]): bigint {
  const low = sip.hash(Int32Array.from(words), words.length);
  return (BigInt(sip.high >>> 0) << 32n) | BigInt(low >>> 0);
}

Deno.test("SipHash: the reference implementation's own vectors", () => {
  const sip = new SipHash(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);
  assertEquals(hash(sip, []), 0x726fdb47dd0e0e31n);
  assertEquals(hash(sip, [0x03020100]), 0xcf2794e0277187b7n);
  assertEquals(hash(sip, [0x03020100, 0x07060504]), 0x93f5f5799a932462n);
});

Deno.test("SipHash: random keys and messages, against the paper in BigInt", () => {
  const random = randomSource(5);
  for (let i = 0; i < 300; i++) {
    const key = [random(), random(), random(), random()];
    const sip = new SipHash(key[0], key[1], key[2], key[3]);
    const words = Array.from({ length: i % 70 }, random);
    assertEquals(hash(sip, words), reference(key, words));
  }
});

Deno.test("SipHash: withRandomKey draws the key from the source", () => {
  const key = [1, 2, 3, 4];
  let i = 0;
  const sip = SipHash.withRandomKey(() => key[i++]);
  assertEquals(hash(sip, [7]), reference(key, [7]));
});
