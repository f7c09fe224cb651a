/**
 * Where this code lies: among the sources, in the launcher's bundle of them (cli/build/bundles.ts),
 * or in what `deno task build` has made, which has the compiled libraries beside it.
 *
 * @module
 */

/** Whether this is run from the sources. */
export const IS_SOURCE: boolean = import.meta.url.endsWith(".ts");

/** The folder ffi, with the C sources in it; from the launcher's bundle as well. */
export const FFI_DIR: string = `${import.meta.dirname}/${IS_SOURCE ? ".." : "../../../ffi"}`;
