/**
 * What the shims report besides their requests (IMAGE, PACKET_SOCKET): handed on to the main
 * thread, which tells the person (cli/unserved.ts). A shell that starts the same program a thousand
 * times reports it a thousand times: each report is handed on once. Their number is bounded: what
 * reports more than that does so on purpose.
 *
 * @module
 */
import * as P from "../../../ffi/shim/protocol.ts";

/** Of a program that is not served: IMAGE or PACKET_SOCKET of ffi/shim/protocol.h, and its data. */
export interface Report {
  readonly op: number;
  readonly data: Uint8Array;
}

const REPORTS_MAX = 4096;

export type ReportListener = (report: Report) => void;

/** What has been handed on, and to whom. */
export class Reports {
  /** null: nobody wants to know. */
  listener: ReportListener | null = null;
  readonly #seen = new Set<string>();

  take(op: number, data: Uint8Array<ArrayBuffer>): void {
    if (this.listener === null) return;
    const key = `${op} ${String.fromCharCode(...data.subarray(0, headLength(op, data)))}`;
    if (this.#seen.has(key) || this.#seen.size >= REPORTS_MAX) return;
    this.#seen.add(key);
    this.listener({ op, data });
  }
}

/** What makes two reports the same: of an image all but the file's bytes. */
function headLength(op: number, data: Uint8Array<ArrayBuffer>): number {
  if (op !== P.NUSE_OP_IMAGE || data.length < P.NUSE_IMAGE_PATH_OFF) return data.length;
  const pathLen = new DataView(data.buffer).getUint32(P.NUSE_IMAGE_PATH_LEN_OFF, true);
  return P.NUSE_IMAGE_PATH_OFF + pathLen;
}
