/**
 * What a dynamic program and its libraries import from others, as far as nuse does not serve it as
 * the kernel would: read from the section of dynamic symbols (System V gABI, chapters 4 and 5).
 * Throws nothing: what cannot be read imports nothing.
 *
 * @module
 */
import { isElf, type ReadAt } from "./elf.ts";

/** What `--check` says of a symbol. */
interface Unserved {
  readonly symbols: readonly string[];
  readonly what: string;
  /** Behind the second door there is nothing special about it. */
  readonly isOfShim?: boolean;
  /** Told of the program itself only, if it makes sockets: too many libraries have it. */
  readonly isOfSockets?: boolean;
}

const PAST = "goes past the shim: of a datagram socket it reads nuse's header, too";

const UNSERVED: readonly Unserved[] = [
  {
    symbols: ["io_uring_setup", "io_uring_queue_init", "io_uring_queue_init_params"],
    what: "is answered ENOSYS; most programs do without",
  },
  {
    symbols: ["aio_read", "aio_read64", "lio_listio", "lio_listio64", "preadv2", "preadv64v2"],
    what: PAST,
    isOfShim: true,
  },
  { symbols: ["fdopen"], what: PAST, isOfShim: true, isOfSockets: true },
  {
    symbols: ["rcmd", "rcmd_af", "rexec", "rexec_af", "rresvport", "rresvport_af", "bindresvport"],
    what: "makes sockets inside the C library, which come to the second door",
    isOfShim: true,
  },
  {
    symbols: ["dlmopen"],
    what: "loads libraries that the shim is not in; they come to the second door",
    isOfShim: true,
  },
  {
    symbols: ["seccomp_notify_fd", "seccomp_notify_receive"],
    what: "cannot supervise others: the kernel allows one such filter, which is nuse's (EBUSY)",
  },
  { symbols: ["sctp_connectx", "sctp_bindx", "sctp_sendmsg"], what: "is refused: no SCTP" },
  {
    symbols: ["ibv_open_device", "ibv_get_device_list", "rdma_create_id"],
    what: "drives the card past every socket: nuse has no part in it",
  },
];

const SECTION = { NAME: 0, TYPE: 4, OFFSET: 24, SIZE: 32, LINK: 40, LEN: 64 } as const;
const SYMBOL = { NAME: 0, SECTION: 6, LEN: 24 } as const;
const HEADER = { SECTIONS: 40, SECTION_LEN: 58, SECTION_COUNT: 60, LEN: 64 } as const;
const DYNAMIC = { TAG: 0, VALUE: 8, LEN: 16 } as const;
const SHT_DYNAMIC = 6;
const SHT_DYNSYM = 11;
const DT_NEEDED = 1;
const DT_RPATH = 15;
const DT_RUNPATH = 29;
const ELFCLASS64 = 2;
const LITTLE = 1;
/** Bytes of a table that is still believed. */
const TABLE_MAX = 64 << 20;
/** Libraries looked at. */
const LIBRARIES_MAX = 512;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/** Of one file: the names that it wants from others. */
export interface Imports {
  readonly symbols: readonly string[];
  /** DT_NEEDED */
  readonly libraries: readonly string[];
  /** DT_RUNPATH and DT_RPATH, with `$ORIGIN` in them. */
  readonly folders: readonly string[];
}

/** Opens a library by its path; null: there is none. */
export type OpenLibrary = (path: string) => ReadAt | null;

/** Whose import it is, and what comes of it. */
export interface Finding {
  readonly symbol: string;
  /** File name of the library; "": the program's own. */
  readonly library: string;
  readonly what: string;
  /** Not so for a program behind the second door. */
  readonly isOfShim: boolean;
}

const NONE: Imports = { symbols: [], libraries: [], folders: [] };

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function sectionsOf(read: ReadAt, header: DataView): Section[] {
  const offset = Number(header.getBigUint64(HEADER.SECTIONS, true));
  const count = header.getUint16(HEADER.SECTION_COUNT, true);
  if (header.getUint16(HEADER.SECTION_LEN, true) !== SECTION.LEN) return [];
  const table = read(offset, SECTION.LEN * count);
  const view = viewOf(table);
  const found: Section[] = [];
  for (let at = 0; at + SECTION.LEN <= table.length; at += SECTION.LEN) {
    found.push({
      type: view.getUint32(at + SECTION.TYPE, true),
      offset: Number(view.getBigUint64(at + SECTION.OFFSET, true)),
      size: Number(view.getBigUint64(at + SECTION.SIZE, true)),
      link: view.getUint32(at + SECTION.LINK, true),
    });
  }
  return found;
}

/** The rows of the section, and the text that their names lie in. */
function tableOf(read: ReadAt, sections: readonly Section[], type: number) {
  const section = sections.find((each) => each.type === type);
  const strings = section === undefined ? undefined : sections[section.link];
  if (section === undefined || strings === undefined) return null;
  if (section.size > TABLE_MAX || strings.size > TABLE_MAX) return null;
  const text = read(strings.offset, strings.size);
  return { rows: viewOf(read(section.offset, section.size)), text };
}

function nameAt(text: Uint8Array, at: number): string {
  const end = text.indexOf(0, at);
  return new TextDecoder().decode(text.subarray(at, end < 0 ? text.length : end));
}

/** Names that the rows of the dynamic section with these tags tell of. */
function namesOf(read: ReadAt, sections: readonly Section[], tags: readonly number[]): string[] {
  const table = tableOf(read, sections, SHT_DYNAMIC);
  if (table === null) return [];
  const { rows, text } = table;
  const names: string[] = [];
  for (let at = 0; at + DYNAMIC.LEN <= rows.byteLength; at += DYNAMIC.LEN) {
    const tag = Number(rows.getBigUint64(at + DYNAMIC.TAG, true));
    const name = Number(rows.getBigUint64(at + DYNAMIC.VALUE, true));
    if (tags.includes(tag)) names.push(nameAt(text, name));
  }
  return names;
}

/** Names of the symbols that others are to have. */
function wantedSymbols(read: ReadAt, sections: readonly Section[]): string[] {
  const table = tableOf(read, sections, SHT_DYNSYM);
  if (table === null) return [];
  const { rows, text } = table;
  const names: string[] = [];
  for (let at = 0; at + SYMBOL.LEN <= rows.byteLength; at += SYMBOL.LEN) {
    const isWanted = rows.getUint16(at + SYMBOL.SECTION, true) === 0;
    if (isWanted) names.push(nameAt(text, rows.getUint32(at + SYMBOL.NAME, true)));
  }
  return names;
}

/** What the file imports; of one that is not 64-bit and little-endian, nothing. */
export function importsOf(read: ReadAt): Imports {
  const start = read(0, HEADER.LEN);
  const isRight = start.length === HEADER.LEN && isElf(start) && start[4] === ELFCLASS64 &&
    start[5] === LITTLE;
  if (!isRight) return NONE;
  const sections = sectionsOf(read, viewOf(start));
  return {
    symbols: wantedSymbols(read, sections),
    libraries: namesOf(read, sections, [DT_NEEDED]),
    folders: namesOf(read, sections, [DT_RUNPATH, DT_RPATH]).flatMap((each) => each.split(":")),
  };
}

function findingsOf({ symbols }: Imports, library: string): Finding[] {
  const has = new Set(symbols);
  const makesSockets = library === "" && has.has("socket");
  return UNSERVED.flatMap(({ symbols: names, what, isOfShim = false, isOfSockets = false }) => {
    const symbol = isOfSockets && !makesSockets ? undefined : names.find((name) => has.has(name));
    return symbol === undefined ? [] : [{ symbol, library, what, isOfShim }];
  });
}

/** Those that the C library is made of call one another inside. */
const OF_LIBC = /^(ld-linux|ld64|lib(c|m|dl|rt|pthread|anl|resolv|nsl|util)\.so)/;
/** Where Debian's loader and others look, without a path of the program's own. */
const FOLDERS: readonly string[] = [
  `/lib/${Deno.build.arch}-linux-gnu`,
  `/usr/lib/${Deno.build.arch}-linux-gnu`,
  "/usr/local/lib",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];

function pathOf(library: string, from: string, { folders }: Imports, open: OpenLibrary) {
  const origin = from.slice(0, from.lastIndexOf("/"));
  const own = folders.map((each) => each.replace(/\$(ORIGIN|\{ORIGIN\})/g, origin));
  return [...own, ...FOLDERS].map((each) => `${each}/${library}`).find((each) =>
    open(each) !== null
  );
}

/** All of it that the program at `path` and the libraries that it needs import. */
export function findUnserved(path: string, open: OpenLibrary = openLibrary): Finding[] {
  const found: Finding[] = [];
  const seen = new Set<string>();
  const waiting = [{ path, library: "" }];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const read = open(next.path);
    if (read === null) continue;
    const imports = importsOf(read);
    found.push(...findingsOf(imports, next.library));
    for (const library of imports.libraries) {
      if (seen.has(library) || OF_LIBC.test(library) || seen.size > LIBRARIES_MAX) continue;
      seen.add(library);
      const there = pathOf(library, next.path, imports, open);
      if (there !== undefined) waiting.push({ path: there, library });
    }
  }
  return found;
}

/** Of a file, opened for each read. */
function openLibrary(path: string): ReadAt | null {
  try {
    if (!Deno.statSync(path).isFile) return null;
  } catch {
    return null;
  }
  return (offset, length) => {
    const wanted = Math.min(length, TABLE_MAX);
    try {
      using file = Deno.openSync(path);
      file.seekSync(offset, Deno.SeekMode.Start);
      const bytes = new Uint8Array(wanted);
      let n = 0;
      for (let got: number | null = 0; n < wanted && got !== null; n += got ?? 0) {
        got = file.readSync(bytes.subarray(n));
      }
      return bytes.subarray(0, n);
    } catch {
      return new Uint8Array(0); // an offset that makes no sense
    }
  };
}
