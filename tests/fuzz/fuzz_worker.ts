/**
 * The campaign in a thread of its own, so that the main thread sees when it hangs.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { Campaign, type Found, type Totals } from "./campaign.ts";
import { MINIMISER_LIMITS } from "./minimise.ts";
import { writeReproducer } from "./reproducer.ts";

export interface Order {
  readonly seed: number;
  readonly frames: number;
}

/** What the worker says. */
export type Report =
  | { readonly kind: "session"; readonly totals: Totals }
  | { readonly kind: "found"; readonly found: Omit<Found, "reproducer">; readonly file: string }
  | { readonly kind: "end"; readonly totals: Totals; readonly failures: [string, number][] };

const say = (report: Report) => self.postMessage(report);

self.onmessage = ({ data }: MessageEvent<Order>) => {
  const campaign = new Campaign(data.seed, MINIMISER_LIMITS, {
    onSession: (totals) => say({ kind: "session", totals }),
    onFound: ({ reproducer, ...found }) => {
      say({ kind: "found", found, file: writeReproducer(reproducer) });
    },
  });
  campaign.run(data.frames);
  say({ kind: "end", totals: campaign.totals, failures: [...campaign.kinds] });
  self.close();
};
