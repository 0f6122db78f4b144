/** A consumer of jobs whose writer stalls: works on the real file, but only when the test lets it. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openLink } from '../../../src/backends/embedded/connection/link.ts';
import { jobConsumer } from '../../../src/backends/embedded/job-consumer.ts';
import type { AddedJob, FromWriter, Op, ToWriter } from '../../../src/backends/embedded/protocol.ts';
import type { Writer } from '../../../src/backends/embedded/writer/writer.ts';
import { DeadJob, type Job, type QueueCounts } from '../../../src/ports/jobs.ts';
import { eventually, range } from '../../contract/support.ts';
import { aWriter, replyValue } from './support.ts';

const MINUTE_MS = 60_000;
const aJob = (id: string): AddedJob => ({ queue: 'q', id, data: '{}', delayMs: 0, attempts: 3, baseMs: 1, capMs: 1 });

afterEach(() => {
  vi.useRealTimers();
});

/** A link to a writer that can be stalled. */
function stallable(writer: Writer) {
  const { port1, port2 } = new MessageChannel();
  const waiting: Extract<ToWriter, { type: 'ops' }>[] = [];
  const rig: { stalled: boolean; stallsAt: Op['kind'] | undefined } = { stalled: false, stallsAt: undefined };
  const served: Op['kind'][] = [];
  const serve = (): void => {
    for (const { first, ops } of waiting.splice(0)) {
      served.push(...ops.map(({ kind }) => kind));
      const { replies, notice } = writer.apply(ops);
      port2.postMessage({ type: 'committed', replies: [{ first, replies }], notice } satisfies FromWriter);
    }
  };
  port2.on('message', (message: ToWriter) => {
    if (message.type === 'ops') {
      waiting.push(message);
      if (message.ops.some(({ kind }) => kind === rig.stallsAt)) rig.stalled = true;
    }
    if (!rig.stalled) serve();
  });
  const link = openLink(port1);
  onTestFinished(() => {
    link.lost('the test is over');
    port1.close();
    port2.close();
  });
  return {
    link,
    /** Kinds of the operations that the writer was given. */
    served,
    stall: () => {
      rig.stalled = true;
    },
    /** From the first such operation on. */
    stallAt: (kind: Op['kind']) => {
      rig.stallsAt = kind;
    },
    /** Kinds of the operations that wait. */
    waiting: () => waiting.flatMap(({ ops }) => ops.map(({ kind }) => kind)),
    goOn: () => {
      rig.stalled = false;
      rig.stallsAt = undefined;
      serve();
    },
  };
}

async function open() {
  const { writer } = await aWriter();
  const apply = <T>(op: Op): T => replyValue<T>(writer.apply([op]).replies[0]);
  apply({ kind: 'addJobs', jobs: range(3).map((n) => aJob(`j${n}`)) });
  const runs: string[] = [];
  const consume = (
    link: ReturnType<typeof openLink>,
    handler: (job: Job<unknown>) => Promise<void> = async () => {},
  ) => {
    const consumer = jobConsumer<unknown>(
      link,
      { onTouched: () => () => undefined },
      {
        queuePrefix: 'q',
        concurrency: 8,
        handler: async (job) => {
          runs.push(job.id);
          await handler(job);
        },
      },
    );
    onTestFinished(() => consumer.close(0));
    return consumer;
  };
  return {
    runs,
    consume,
    ...stallable(writer),
    counts: () => apply<QueueCounts>({ kind: 'countJobs', queue: 'q' }),
  };
}

describe('a writer that has been silent for a minute', () => {
  test('hands out jobs all the same once it goes on, and they are handled', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    const rig = await open();
    rig.consume(rig.link);
    rig.stallAt('takeJobs');
    await eventually(() => expect(rig.waiting()).toEqual(['takeJobs']));
    vi.advanceTimersByTime(MINUTE_MS);
    rig.goOn();
    await eventually(() => expect(rig.runs).toEqual(['j0', 'j1', 'j2']));
    await eventually(() => expect(rig.counts()).toMatchObject({ active: 0, waiting: 0 }));
  });

  test('gets the result of a job once', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
    const rig = await open();
    rig.consume(rig.link, async ({ id }) => {
      rig.stall();
      if (id === 'j1') throw new DeadJob('no use');
    });
    await eventually(() => expect(rig.waiting().sort()).toEqual(['buryJob', 'finishJob', 'finishJob']));
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    rig.goOn();
    expect(await rig.link.send({ kind: 'countJobs', queue: 'q' })).toMatchObject({ active: 0, dead: 1 });
    expect(rig.served.filter((kind) => kind === 'finishJob' || kind === 'buryJob')).toHaveLength(3);
    expect(rig.runs).toEqual(['j0', 'j1', 'j2']);
  });

  test('holds up no consumer that closes, and jobs that it hands out later go back', async () => {
    const rig = await open();
    const consumer = rig.consume(rig.link);
    rig.stallAt('takeJobs');
    await eventually(() => expect(rig.waiting()).toEqual(['takeJobs']));
    await consumer.close(0);
    rig.goOn();
    await eventually(() => expect(rig.counts()).toMatchObject({ active: 0, waiting: 3 }));
    expect(rig.runs).toEqual([]);
  });
});
