/**
 * Small ELF files for the tests: a header, program headers and what they point at.
 *
 * @module
 */

export interface ElfOptions {
  bits?: 32 | 64;
  isLittle?: boolean;
  /** ET_ */
  type?: number;
  /** EM_ */
  machine?: number;
  interpreter?: string | null;
  /** Name of a note without its last NUL, e.g. "Go\0". */
  note?: string;
}

const PT_LOAD = 1;
const PT_INTERP = 3;
const PT_NOTE = 4;

export function elfFile(options: ElfOptions = {}): Uint8Array {
  const { bits = 64, isLittle = true, type = 3, machine = 62, note } = options;
  const interpreter = options.interpreter === undefined
    ? "/lib64/ld-linux-x86-64.so.2"
    : options.interpreter;
  const segments: { type: number; content: Uint8Array }[] = [
    { type: PT_LOAD, content: new Uint8Array(16) },
  ];
  if (interpreter !== null) {
    segments.push({ type: PT_INTERP, content: new TextEncoder().encode(`${interpreter}\0`) });
  }
  if (note !== undefined) segments.push({ type: PT_NOTE, content: noteOf(note, isLittle) });
  const headerLen = bits === 64 ? 64 : 52;
  const entryLen = bits === 64 ? 56 : 32;
  const file = new Uint8Array(1024);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, isLittle ? 1 : 2, 1]);
  view.setUint16(16, type, isLittle);
  view.setUint16(18, machine, isLittle);
  if (bits === 64) view.setBigUint64(32, 64n, isLittle);
  else view.setUint32(28, headerLen, isLittle);
  view.setUint16(bits === 64 ? 54 : 42, entryLen, isLittle);
  view.setUint16(bits === 64 ? 56 : 44, segments.length, isLittle);
  let content = 512;
  segments.forEach((segment, i) => {
    const at = headerLen + i * entryLen;
    view.setUint32(at, segment.type, isLittle);
    if (bits === 64) {
      view.setBigUint64(at + 8, BigInt(content), isLittle);
      view.setBigUint64(at + 32, BigInt(segment.content.length), isLittle);
    } else {
      view.setUint32(at + 4, content, isLittle);
      view.setUint32(at + 16, segment.content.length, isLittle);
    }
    file.set(segment.content, content);
    content += 64;
  });
  return file;
}

/** Two notes, the wanted one second: a reader has to step over the first. */
function noteOf(name: string, isLittle: boolean): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  const write = (at: number, text: string, descLen: number) => {
    view.setUint32(at, text.length + 1, isLittle);
    view.setUint32(at + 4, descLen, isLittle);
    view.setUint32(at + 8, 1, isLittle);
    bytes.set(new TextEncoder().encode(text), at + 12);
  };
  write(0, "GNU", 4);
  write(20, name, 8);
  return bytes;
}
