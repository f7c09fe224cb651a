/**
 * The launcher: what end-to-end tests and benches start.
 *
 * @module
 */

export const NUSE: string = `${import.meta.dirname}/../../nuse`;
