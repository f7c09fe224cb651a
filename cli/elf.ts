/**
 * What an ELF header says about whether a preloaded library can reach the program (System V gABI,
 * chapters 4 and 5; Linux fs/binfmt_elf.c). Reads only headers and notes; throws on nothing: a file
 * that is cut short counts as damaged.
 *
 * @module
 */

export interface ElfInfo {
  /** 32 or 64. */
  readonly bits: number;
  /** EM_ number of the processor. */
  readonly machine: number;
  /** The loader it asks for (PT_INTERP); null: static, nothing can be preloaded. */
  readonly interpreter: string | null;
  /** Made by the Go linker: makes system calls itself, whatever is preloaded. */
  readonly isGo: boolean;
}

/** Reads up to `length` bytes at `offset`; shorter at the end of the file. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

const HEADER_LEN = 64;
const CLASS_OFF = 4;
const DATA_OFF = 5;
const TYPE_OFF = 16;
const MACHINE_OFF = 18;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_INTERP = 3;
const PT_NOTE = 4;
const PROGRAM_HEADERS_MAX = 512;
const INTERPRETER_MAX = 4096;
const NOTES_MAX = 4096;
const NOTE_HEADER_LEN = 12;

/** Offsets within the file header and a program header, for ELF32 and ELF64. */
const LAYOUT = {
  32: { phoff: 28, phentsize: 42, phnum: 44, segOffset: 4, segFileSize: 16, entrySize: 32 },
  64: { phoff: 32, phentsize: 54, phnum: 56, segOffset: 8, segFileSize: 32, entrySize: 56 },
} as const;

/** EM_ numbers of the machines nuse may run on, by `Deno.build.arch`. */
export const MACHINES: Readonly<Record<string, number>> = { x86_64: 62, aarch64: 183 };

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

/** A file offset or size; beyond 2^53 it is rubbish anyway. */
function word(view: DataView, at: number, bits: number, isLittle: boolean): number {
  return bits === 64 ? Number(view.getBigUint64(at, isLittle)) : view.getUint32(at, isLittle);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function isElf(start: Uint8Array): boolean {
  return start.length >= 4 && start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c &&
    start[3] === 0x46;
}

function segments(header: DataView, bits: 32 | 64, isLittle: boolean, read: ReadAt) {
  const layout = LAYOUT[bits];
  const size = header.getUint16(layout.phentsize, isLittle);
  const count = header.getUint16(layout.phnum, isLittle);
  if (size < layout.entrySize || count > PROGRAM_HEADERS_MAX) return null;
  const table = read(word(header, layout.phoff, bits, isLittle), size * count);
  if (table.length < size * count) return null;
  const view = viewOf(table);
  const found: Segment[] = [];
  for (let at = 0; at < table.length; at += size) {
    found.push({
      type: view.getUint32(at, isLittle),
      offset: word(view, at + layout.segOffset, bits, isLittle),
      size: word(view, at + layout.segFileSize, bits, isLittle),
    });
  }
  return found;
}

function hasGoNote(notes: Uint8Array, isLittle: boolean): boolean {
  const view = viewOf(notes);
  let at = 0;
  while (at + NOTE_HEADER_LEN + 4 <= notes.length) {
    const nameLen = view.getUint32(at, isLittle);
    const descLen = view.getUint32(at + 4, isLittle);
    const name = at + NOTE_HEADER_LEN;
    if (
      nameLen === 4 && notes[name] === 0x47 && notes[name + 1] === 0x6f && notes[name + 2] === 0
    ) {
      return true; // "Go\0\0"
    }
    at = name + align4(nameLen) + align4(descLen);
  }
  return false;
}

function align4(n: number): number {
  return Math.ceil(n / 4) * 4;
}

/** null: not an executable ELF file, or damaged. */
export function inspectElf(read: ReadAt): ElfInfo | null {
  const start = read(0, HEADER_LEN);
  if (start.length < HEADER_LEN || !isElf(start)) return null;
  const bits = start[CLASS_OFF] === 1 ? 32 : start[CLASS_OFF] === 2 ? 64 : null;
  const isLittle = start[DATA_OFF] === 1;
  if (bits === null || (!isLittle && start[DATA_OFF] !== 2)) return null;
  const header = viewOf(start);
  const type = header.getUint16(TYPE_OFF, isLittle);
  if (type !== ET_EXEC && type !== ET_DYN) return null;
  const all = segments(header, bits, isLittle, read);
  if (all === null) return null;
  let interpreter: string | null = null;
  const asked = all.find((s) => s.type === PT_INTERP);
  if (asked !== undefined) {
    if (asked.size < 2 || asked.size > INTERPRETER_MAX) return null;
    const text = read(asked.offset, asked.size);
    if (text.length < asked.size || text[asked.size - 1] !== 0) return null;
    interpreter = new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
  }
  const isGo = all.some((s) =>
    s.type === PT_NOTE && hasGoNote(read(s.offset, Math.min(s.size, NOTES_MAX)), isLittle)
  );
  return { bits, machine: header.getUint16(MACHINE_OFF, isLittle), interpreter, isGo };
}
