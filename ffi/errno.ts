/**
 * Error numbers of Linux by name, and the one exception of set-up: `SysError`. On the run path
 * results are `n | -errno` and nothing is thrown.
 *
 * A message says what was tried, why it failed and what to do, in one line, without a prefix:
 * whoever shows it puts `nuse: ` before it.
 *
 * @module
 */

/** Names from 1 on, as on x86 and arm64; `-` where a number has none. */
const NAMES = `
EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD
EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR
EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS
EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
- ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI
EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR
ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM
EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD
ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT
EADDRINUSE EADDRNOTAVAIL ENETDOWN
ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS
ETIMEDOUT
ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM
EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED
EOWNERDEAD
ENOTRECOVERABLE ERFKILL EHWPOISON
`.trim().split(/\s+/);

export const EPERM = 1;
export const ENOENT = 2;
export const EINTR = 4;
export const EIO = 5;
export const ENXIO = 6;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EBUSY = 16;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENOSPC = 28;
export const ENAMETOOLONG = 36;
export const ENOSYS = 38;
export const EPROTO = 71;
export const EBADFD = 77;
export const EPROTOTYPE = 91;
export const EPROTONOSUPPORT = 93;
export const EAFNOSUPPORT = 97;
export const EOPNOTSUPP = 95;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETDOWN = 100;
export const EMSGSIZE = 90;
export const ENOBUFS = 105;
export const ECONNRESET = 104;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;

/** Name of an error number of either sign: `errnoName(-111)` is "ECONNREFUSED". */
export function errnoName(n: number): string {
  const name = NAMES[Math.abs(n) - 1];
  return name === undefined || name === "-" ? `errno ${Math.abs(n)}` : name;
}

/** The positive number of a name; 0 when there is none. */
export function errnoNumber(name: string): number {
  return NAMES.indexOf(name) + 1;
}

export interface SysErrorDetails {
  /** The file, interface or library concerned. */
  path?: string;
  /** What the person can do about it. */
  advice?: string;
}

/** A failed set-up step. `doing` reads "cannot open /dev/net/tun". */
export class SysError extends Error {
  override readonly name = "SysError";
  /** "EACCES" */
  readonly code: string;
  readonly path: string;

  /** `errno`: of either sign. */
  constructor(
    readonly syscall: string,
    readonly errno: number,
    doing: string,
    details: SysErrorDetails = {},
  ) {
    const code = errnoName(errno);
    super(
      details.advice === undefined ? `${doing}: ${code}` : `${doing}: ${code} (${details.advice})`,
    );
    this.errno = Math.abs(errno);
    this.code = code;
    this.path = details.path ?? "";
  }
}

/** Passes a result of `n | -errno` on, or throws what it means. */
export function check(
  result: number,
  syscall: string,
  doing: string,
  details: SysErrorDetails = {},
): number {
  if (result < 0) throw new SysError(syscall, result, doing, details);
  return result;
}
