/**
 * A long campaign for people: a line of progress now and then, and the figures.
 *
 * @module
 */
import { ControlCampaign } from "./campaign.ts";

const PROGRESS_SESSIONS = 25;

/** A null `failure`: nothing failed. */
export function fuzzControl(seed: number, messages: number) {
  const startMs = performance.now();
  const perSecond = (done: number) => Math.round(done / (performance.now() - startMs) * 1000);
  const campaign = new ControlCampaign(seed, (totals) => {
    if (totals.sessions % PROGRESS_SESSIONS !== 0) return;
    console.log(`${totals.messages} messages, ${perSecond(totals.messages)}/s`);
  });
  try {
    const failure = campaign.run(messages)?.message ?? null;
    const { totals } = campaign;
    const messagesPerSecond = perSecond(totals.messages);
    return { ...totals, messagesPerSecond, failure };
  } finally {
    campaign.close();
  }
}
