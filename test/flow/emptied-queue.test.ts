/** The queue is disposable: emptied under load, it loses no message and sends none twice. */
import { expect, test } from 'vitest';
import { messages } from '../../src/ports/read-models/messages.ts';
import { terminal, useFlow } from '../support/flow.ts';
import { jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { lookInto } from '../support/store.ts';
import { until } from '../support/until.ts';

const pack = jpushPackage('com.flow.emptied');
const app = terminalApp('MB-FLOW-EMPTIED', pack);
const sender = { app, clientId: 'sender', user: 'sender' };
const KILLS = 2;
/** Messages that wait for the provider at each kill: more than a lane has under way. */
const BACKLOG = 130;

const flow = useFlow({ apps: [app] });

test('emptying the queue under load loses nothing and sends nothing twice', async () => {
  const { service } = flow;
  const { jpush } = service;
  const terminals = Array.from({ length: 4 }, () => terminal(app, pack));
  for (const who of terminals) await flow.register(who);
  const all = terminals.map(({ clientId }) => clientId);
  // Calls that were under way take effect although their caller has been killed.
  const hurry = jpush.faults.inject({ fault: { type: 'hang', ms: 300 }, appKey: jpushKeyOf(pack) });

  const accepted = new Set<string>();
  let over = false;
  const push = async (sequenceId: string, Id: readonly string[]): Promise<void> => {
    await until(
      `the answer to ${sequenceId}`,
      async () => {
        if (!service.running) return false;
        // A request that the kill cut off is made again.
        const answer = await flow.tryPush(sender, { type: 0, Id }, { sequenceId }).catch(() => undefined);
        if (answer?.retCode !== '00000') return false;
        accepted.add(answer.data.msgId);
        return true;
      },
      { withinMs: 30_000 },
    );
  };
  const load = Array.from({ length: 8 }, async (_, source) => {
    for (let turn = 0; !over; turn += 1)
      await push(`load-${source}-${turn}`, turn % 5 === 0 ? all : [all[turn % all.length] ?? '']);
  });

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const atLeast = accepted.size + BACKLOG;
    await until(
      'a backlog',
      () => accepted.size >= atLeast && accepted.size - jpush.journal.counts.accepted >= BACKLOG,
    );
    await service.kill();
    await service.start();
  }
  over = true;
  await Promise.all(load);
  hurry();

  for (const msgId of accepted) await flow.sent(sender, msgId, { withinMs: 30_000 });
  const counts = new Map<string, number>();
  for (const { content } of jpush.journal.pushes()) {
    const { msgId } = JSON.parse(content ?? '{}') as { msgId: string };
    counts.set(msgId, (counts.get(msgId) ?? 0) + 1);
  }
  expect([...counts].filter(([msgId, count]) => count !== 1 || !accepted.has(msgId))).toEqual([]);
  expect(counts.size).toBe(accepted.size);

  expect(await service.stop()).toMatchObject({ code: 0 });
  await lookInto(service.dataDir, async ({ documents }) => {
    expect((await documents.find(messages, { index: 'openUntil', upTo: '~', limit: 10 })).items).toEqual([]);
  });
}, 90_000);
