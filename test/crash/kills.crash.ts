/**
 * Kills the service again and again under load, then accounts for every answered request.
 * `UMS_CRASH_SEED` repeats the choices of a run (not its timing), `UMS_CRASH_KILLS` says how many kills.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Flow, flowOf, type MessageInfo } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { type Random, randomOf } from '../support/random.ts';
import { type Service, startService } from '../support/service.ts';
import { lookInto } from '../support/store.ts';
import { startUms } from '../support/ums-process.ts';
import { until } from '../support/until.ts';
import { accountForJPush, accountForMessages, accountForRegistrations, accountForStore, eachOf } from './accounting.ts';
import { runClient, type World } from './clients.ts';
import { emptyLedger } from './ledger.ts';

const seed = Number(process.env.UMS_CRASH_SEED ?? Date.now() % 1_000_000);
const KILLS = Number(process.env.UMS_CRASH_KILLS ?? 50);
const CLIENTS = 16;
const REBUILD_KILLS = 6;
/** A life ends somewhere within so many answers and so many ms more. */
const MAX_ANSWERS = 120;
const MAX_MORE_MS = 100;
/** A busy machine may take its time for that. */
const ANSWERS_MS = 60_000;

const pack = jpushPackage('com.crash.phones');
const app = terminalApp('MB-CRASH', pack);

describe('a process that is killed at any moment', () => {
  let service: Service;
  let flow: Flow;
  let world: World;
  let end: () => void;
  let infos = new Map<string, MessageInfo>();
  let up = Promise.withResolvers<void>();
  const random = randomOf(seed);

  beforeAll(async () => {
    process.stdout.write(`crash test: seed ${seed}\n`);
    service = await startService({ apps: [app], jpush: { journalSize: 1_000_000 } });
    flow = flowOf(() => service);
    let over = false;
    up.resolve();
    end = () => {
      over = true;
    };
    world = {
      app,
      appPackage: pack.appPackage,
      service,
      ledger: emptyLedger(),
      whenUp: () => up.promise,
      get over() {
        return over;
      },
    };
  });
  afterAll(() => service?.close());

  test(`loses nothing that it answered, in ${KILLS} kills`, async () => {
    const { ledger } = world;
    const clients = Array.from({ length: CLIENTS }, (_, index) => runClient(world, index, randomOf(seed + index + 1)));
    try {
      await manyLives();
    } finally {
      end();
      up.resolve();
    }
    await Promise.all(clients);

    infos = await accountForMessages(world, flow);
    await accountForRegistrations(world, flow);
    expect(await service.stop()).toMatchObject({ code: 0 });
    const { accepted } = await lookInto(service.dataDir, (backend) => accountForStore(world, backend));
    const jpush = accountForJPush(world);
    const { messages, registrations, counts, violations } = ledger;
    const summary = { seed, kills: KILLS, ...counts, messages: messages.size, accepted, ...jpush };
    process.stdout.write(`crash test: ${JSON.stringify({ ...summary, registrations: registrations.size })}\n`);

    expect(violations).toEqual([]);
    expect(messages.size).toBeGreaterThan(KILLS);
    expect(counts.reports).toBeGreaterThan(KILLS);
    // An unanswered request may or may not have had its effect, but at most once.
    expect(accepted - messages.size).toBeGreaterThanOrEqual(jpush.unnamed);
    expect(accepted - messages.size).toBeLessThanOrEqual(counts.lostPushes);
    // The recorded cid makes every repeated call a replay.
    expect(jpush.duplicates).toBe(0);
    expect(await service.secretsInLogs()).toEqual([]);
  });

  /** On a failure nothing is left running, so that the clients end as well. */
  async function manyLives(): Promise<void> {
    try {
      for (let kill = 1; kill <= KILLS; kill += 1) {
        await someLife();
        await killAndStart();
        if (kill % 10 === 0)
          process.stdout.write(`crash test: ${kill} kills, ${world.ledger.counts.answered} answers\n`);
      }
    } catch (error) {
      await service.kill().catch(() => undefined);
      throw error;
    }
  }

  async function someLife(): Promise<void> {
    const { counts } = world.ledger;
    const enough = counts.answered + random.int(0, MAX_ANSWERS);
    const died = service.process.ended.then(({ code, stderr }) => {
      const last = service.log().filter(({ msg }) => msg !== 'request');
      throw new Error(`the service ended by itself with ${code}: ${stderr} ${JSON.stringify(last.slice(-5))}`);
    });
    await Promise.race([until('answers', () => counts.answered >= enough, { withinMs: ANSWERS_MS }), died]);
    await pause(random.int(0, MAX_MORE_MS));
  }

  async function killAndStart(): Promise<void> {
    up = Promise.withResolvers<void>();
    expect(await service.kill()).toMatchObject({ signal: 'SIGKILL' });
    if (random.chance(0.15)) await killWhileStarting();
    await service.start();
    up.resolve();
  }

  async function killWhileStarting(): Promise<void> {
    const starting = service.start().catch(() => undefined);
    await pause(random.int(50, 1_000));
    await service.kill();
    await starting;
  }

  test(`answers the same after rebuilds, ${REBUILD_KILLS} of them killed`, async () => {
    const names = ['devices', 'messages', 'deliveries'];
    for (let kill = 0; kill < REBUILD_KILLS; kill += 1) await killedRebuild(random, random.pick(names));
    for (const name of names) expect(await startUms(['rebuild', name], service.env).ended).toMatchObject({ code: 0 });
    await service.start();
    await eachOf(infos, async ([msgId, before]) => {
      const { clientId, user } = world.ledger.messages.get(msgId) ?? { clientId: '', user: '' };
      expect(await flow.status({ app, clientId, user }, msgId)).toEqual(before);
    });
    await accountForRegistrations(world, flow);
    expect(world.ledger.violations).toEqual([]);
    expect(await service.stop()).toMatchObject({ code: 0 });
  });

  /** Killed somewhere between its start and its end; one that was faster has just ended. */
  async function killedRebuild(random: Random, name: string): Promise<void> {
    const rebuild = startUms(['rebuild', name], service.env);
    await Promise.race([pause(random.int(200, 2_000)), rebuild.ended]);
    const { code, signal, stderr } = await rebuild.end('SIGKILL');
    if (signal !== 'SIGKILL' && code !== 0) throw new Error(`rebuild ${name} ended with ${code}: ${stderr}`);
  }
});
