/** The announced rate of JPush is kept, and a deferral costs no failure (`docs/jpush.md §4`). */

import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import type { AppPackage } from '../../src/domain/apps.ts';
import { terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { until } from '../support/until.ts';

const shared = jpushPackage('com.flow.rate.shared');
const spent = jpushPackage('com.flow.rate.spent');
const app = terminalApp('MB-FLOW-RATE', shared, spent);
const sender = { app, clientId: 'sender', user: 'sender' };

const WINDOW_MS = 60_000;
const CALLS_A_WINDOW = 4;

describe('rate', () => {
  /** The look-alike's clock is ahead by this much, so that no test waits for a whole window. */
  let ahead = 0;
  /** Where the look-alike's clock stands still, so that a window lasts however slow the machine is. */
  let stopped: number | undefined;
  const flow = useFlow({
    apps: [app],
    jpush: { callsPerMinute: CALLS_A_WINDOW, now: () => stopped ?? Date.now() + ahead },
  });
  const refusals = (): number => flow.service.jpush.journal.counts.refused[2002] ?? 0;

  /** Another program uses the same credentials. @returns the HTTP status */
  async function useUp({ jpush }: AppPackage): Promise<number> {
    const basic = Buffer.from(`${jpush?.appKey}:${jpush?.masterSecret}`).toString('base64');
    const url = `${flow.service.jpush.url}/v3/push/cid?count=1`;
    const { statusCode, body } = await request(url, { headers: { authorization: `Basic ${basic}` } });
    await body.dump();
    return statusCode;
  }

  test('a 429 waits for the window and costs no failure', async () => {
    const who = terminal(app, shared);
    await flow.register(who);
    const dst = { type: 0, Id: [who.clientId] };
    // A cid and a push; two calls are left, and the other program makes them.
    await flow.sent(sender, await flow.push(sender, dst));
    stopped = Date.now() + WINDOW_MS - 4_000;
    while ((await useUp(shared)) === 200);

    const before = refusals();
    const msgId = await flow.push(sender, dst);
    await until('JPush to refuse it', () => refusals() > before, { withinMs: 20_000 });
    expect(await flow.status(sender, msgId)).toMatchObject({ status: 0 });
    ahead = stopped + WINDOW_MS - Date.now();
    stopped = undefined;
    await flow.sent(sender, msgId, { withinMs: 20_000 });
    expect(flow.accepted(msgId)).toHaveLength(1);
    const lines = flow.service.log().filter((line) => line.msgId === msgId);
    expect(lines.map(({ msg }) => msg).filter((msg) => msg !== 'request')).toEqual([]);
  }, 60_000);

  test('the rest of the announced rate is not overdrawn', async () => {
    const who = terminal(app, shared);
    await flow.register(who);
    const dst = { type: 0, Id: [who.clientId] };
    const before = refusals();
    ahead += WINDOW_MS - 5_000;
    // Its answer announces that the window ends soon; of the next ones the last has to wait for a new window.
    await flow.sent(sender, await flow.push(sender, dst));
    const all = await Promise.all(Array.from({ length: CALLS_A_WINDOW - 1 }, () => flow.push(sender, dst)));
    for (const msgId of all) await flow.sent(sender, msgId, { withinMs: 15_000 });
    expect(refusals()).toBe(before);
  }, 60_000);

  test('a message whose lane waits for a window expires in the meantime', async () => {
    const who = terminal(app, spent);
    await flow.register(who);
    while ((await useUp(spent)) === 200);
    const msgId = await flow.push(sender, { type: 0, Id: [who.clientId] }, { expires: 1 });
    await flow.failed(sender, msgId, 'expired', { withinMs: 25_000 });
    expect(flow.accepted(msgId)).toEqual([]);
  }, 30_000);
});
