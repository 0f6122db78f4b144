/** The report API: how pushes fared (`docs/jpush.md §9`). */
import { describe, expect, it } from 'vitest';
import type { JPushSettings } from '../../../src/sandbox/jpush/server.ts';
import { app, other, pushTo, testJPush } from './support.ts';

const AT = 1_700_000_000_000;

/** A push to two terminals, one of which is connected, as its reports see it once they know of it. */
async function reported(settings: Partial<JPushSettings> = {}) {
  let now = AT;
  const jpush = await testJPush({ now: () => now, reportAfterMs: 5_000, ...settings });
  const [here, away] = [jpush.registry.register(app.appKey), jpush.registry.register(app.appKey)];
  const seen: unknown[] = [];
  jpush.registry.connect(here, (message) => seen.push(message));
  const msgId: string = (await jpush.push(pushTo([here, away]))).json.msg_id;
  await expect.poll(() => seen).toHaveLength(1);
  const detail = (ids = msgId, as = app) => jpush.call('GET', `/v3/received/detail?msg_ids=${ids}`, undefined, as);
  const statuses = (ids: readonly unknown[], more = '') =>
    jpush.call('POST', '/v3/status/message', `{"msg_id":${msgId},"registration_ids":${JSON.stringify(ids)}${more}}`);
  return {
    jpush,
    here,
    away,
    msgId,
    detail,
    statuses,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('received/detail', () => {
  it('knows nothing of a push at first, then how many got it, which grows', async () => {
    const { jpush, away, msgId, detail, pass } = await reported();
    const early = await detail();
    expect([early.status, early.json.error.message]).toEqual([400, 'Msgid does not exist']);
    pass(5_000);
    const { status, json } = await detail();
    expect(status).toBe(200);
    expect(json).toEqual([expect.objectContaining({ msg_id: msgId, jpush_received: 1, ios_apns_sent: null })]);
    jpush.registry.connect(away, () => undefined);
    await expect.poll(async () => (await detail()).json[0].jpush_received).toBe(2);
  });

  it('says null where no device got it', async () => {
    const { jpush, away, detail, pass } = await reported();
    const { json } = await jpush.push(pushTo([away]));
    pass(5_000);
    expect((await detail(json.msg_id)).json).toMatchObject([{ jpush_received: null }]);
  });

  it('leaves out messages of another app, unknown ones, and those older than 28 days', async () => {
    const { jpush, msgId, detail, pass } = await reported();
    pass(5_000);
    expect((await detail(`1,${msgId},2`)).json).toMatchObject([{ msg_id: msgId }]);
    expect((await detail(msgId, other)).status).toBe(400);
    pass(28 * 24 * 3_600_000);
    expect((await detail()).status).toBe(400);
    expect(jpush.journal.find(msgId)).toBeDefined();
  });

  it.each(['', 'x', Array.from({ length: 101 }, (_, n) => n).join()])('refuses %j', async (ids) => {
    const jpush = await testJPush();
    expect((await jpush.call('GET', `/v3/received/detail?msg_ids=${ids}`)).status).toBe(400);
  });
});

describe('status/message', () => {
  it('tells of each terminal', async () => {
    const { jpush, here, away, statuses, pass } = await reported({ vip: true });
    const [untouched, foreign] = [jpush.registry.register(app.appKey), jpush.registry.register(other.appKey)];
    expect((await statuses([here])).json.error.message).toBe('Msgid does not exist');
    pass(5_000);
    expect((await statuses([here, away, untouched, foreign], ',"date":"2023-11-15"')).json).toEqual({
      [here]: { status: 0 },
      [away]: { status: 1 },
      [untouched]: { status: 3 },
      [foreign]: { status: 2 },
    });
  });

  it('is for VIP only', async () => {
    const { here, statuses, pass } = await reported();
    pass(5_000);
    const { status, json } = await statuses([here]);
    expect([status, json.error.code]).toEqual([403, 2003]);
  });

  it('refuses malformed requests', async () => {
    const { jpush, here, statuses, pass } = await reported({ vip: true });
    pass(5_000);
    for (const ids of [[], [1], Array.from({ length: 1001 }, () => here)])
      expect((await statuses(ids)).status).toBe(400);
    expect((await statuses([here], ',"date":"today"')).status).toBe(400);
    expect((await jpush.call('POST', '/v3/status/message', '{')).status).toBe(400);
    expect((await jpush.call('GET', '/v3/status/message')).status).toBe(404);
  });
});
