/**
 * The sources of the preload shim, for build_native.ts.
 *
 * @module
 */
const FILES = [
  "check.c",
  "cmsg.c",
  "connect.c",
  "control.c",
  "datagram_recv.c",
  "datagram_send.c",
  "errqueue.c",
  "fortify.c",
  "io.c",
  "lifecycle.c",
  "link.c",
  "message.c",
  "names.c",
  "options.c",
  "poll.c",
  "process.c",
  "real.c",
  "renew.c",
  "sandbox.c",
  "sockets.c",
  "stream.c",
  "table.c",
];

export const SHIM_LIBRARY = {
  name: "nuse_shim",
  sources: FILES.map((file) => `${import.meta.dirname}/${file}`),
};
