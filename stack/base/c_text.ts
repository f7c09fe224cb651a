/**
 * Text in a field of a C structure: names of interfaces, of algorithms.
 *
 * @module
 */

/** Up to the first NUL, or all of it; each byte a character. */
export function cText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
}
