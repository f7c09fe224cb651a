/**
 * What a bench or the demo has set up goes away also when it is interrupted.
 *
 * @module
 */

const SIGNALS = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;

/** Until disposed of: a signal calls `close`, then ends the process with 128 + its number. */
export function closeOnSignal(close: () => Promise<void>): Disposable {
  let isClosing = false;
  const handlers = SIGNALS.map(([signal, status]) => {
    const handler = () => {
      if (isClosing) return;
      isClosing = true;
      close().catch(console.error).finally(() => Deno.exit(status));
    };
    Deno.addSignalListener(signal, handler);
    return [signal, handler] as const;
  });
  return {
    [Symbol.dispose]() {
      for (const [signal, handler] of handlers) Deno.removeSignalListener(signal, handler);
    },
  };
}
