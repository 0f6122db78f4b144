/** An unreadable event stops dispatcher and projections: the log reports it to the operator, and callers need not wait. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { until } from '../support/until.ts';

const pack = jpushPackage('com.flow.failed-part');
const app = terminalApp('MB-FLOW-FAILED-PART', pack);
const sender = { app, clientId: 'sender', user: 'sender' };
const flow = useFlow({ apps: [app] });

test('a poison event is reported by name, and a status is answered from the log at once', async () => {
  const { service } = flow;
  const who = terminal(app, pack, { user: 'owner' });
  await flow.register(who);
  await service.stop();
  const db = new DatabaseSync(join(service.dataDir, 'ums.sqlite'));
  const head = Number(db.prepare('SELECT max(position) AS position FROM events').get()?.position);
  db.prepare(
    'INSERT INTO events (position, stream, revision, type, id, metadata, data) VALUES (?, ?, 0, ?, ?, ?, ?)',
  ).run(head + 1, 'message-x', 'MessageAccepted', 'x', '{}', '{}');
  db.close();
  await service.start();
  const failed = await until(
    'three parts have failed',
    () => {
      const lines = service.log().filter(({ msg }) => msg === 'part has failed');
      return lines.length >= 3 && lines;
    },
    { withinMs: 30_000 },
  );
  expect(failed.map(({ part }) => part).sort()).toEqual(['dispatcher', 'projection.deliveries', 'projection.messages']);
  for (const { detail } of failed) {
    expect(detail).toContain('MessageAccepted');
    expect(detail).toContain(`position ${head + 1}`);
  }
  const msgId = await flow.push(sender, { type: 0, Id: [who.clientId] });
  const asked = performance.now();
  expect((await flow.status(sender, msgId)).status).toBe(0);
  // Without the short cut it waits 2 s for each read model.
  expect(performance.now() - asked).toBeLessThan(1_900);
}, 90_000);
