/**
 * The launcher: what end-to-end tests and benches start.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

export const NUSE: string = fromFileUrl(new URL("../../nuse", import.meta.url));
