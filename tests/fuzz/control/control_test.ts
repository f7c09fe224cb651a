import { assert, assertEquals } from "@std/assert";
import { ControlCampaign } from "./campaign.ts";

const MESSAGES = 10_000;

Deno.test(`${MESSAGES} messages of hostile programs break nothing`, () => {
  const campaign = new ControlCampaign(1, () => {});
  try {
    assertEquals(campaign.run(MESSAGES)?.message, undefined);
    const { messages, requests, requestsMalformed, socketsOpened, datagramsToNetwork } =
      campaign.totals;
    assertEquals(messages, MESSAGES);
    // They do get somewhere.
    assert(requests > MESSAGES / 3, `${requests} requests`);
    assert(requestsMalformed > 50 && requestsMalformed < requests / 5, `${requestsMalformed} bad`);
    assert(socketsOpened > 500 && datagramsToNetwork > 500, `${socketsOpened} sockets`);
  } finally {
    campaign.close();
  }
});
