import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LogLevel } from '../../../src/config.ts';
import { descriptorOutput } from '../../../src/roles/process/log-output.ts';
import { threadLogger } from '../../../src/roles/process/logging.ts';
import { emptyFolder } from '../../config/support.ts';
import { eventually, range } from '../../contract/support.ts';
import { child } from './child.ts';

const SECRET = 'a-token-that-no-log-may-hold';

function lines(level: LogLevel = 'info') {
  const written: string[] = [];
  const logger = threadLogger(level, (line) => void written.push(line));
  return { logger, written, parsed: () => written.map((line) => JSON.parse(line)) };
}

describe('a line', () => {
  test('is one line of JSON with its fields, its text and an ISO time, and nothing of the host', () => {
    const { logger, written, parsed } = lines();
    logger.info({ msgId: 'm1' }, 'sent\nindeed');
    expect(written[0]?.endsWith('\n')).toBe(true);
    expect(written[0]?.trimEnd()).not.toContain('\n');
    const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(parsed()).toEqual([{ level: 30, time: iso, msgId: 'm1', msg: 'sent\nindeed' }]);
  });

  test('below the level is not written', () => {
    const { logger, written } = lines('warn');
    logger.info({}, 'not this');
    logger.warn({}, 'but this');
    expect(written).toHaveLength(1);
  });
});

describe('an error', () => {
  test('is its type, its text and its stack; its other fields are not logged', () => {
    const { logger, written, parsed } = lines();
    const error = Object.assign(new RangeError('out of range'), {
      request: { headers: { accessToken: SECRET } },
      body: SECRET,
      toJSON: () => ({ body: SECRET }),
    });
    logger.error({ err: error }, 'failed');
    expect(parsed()).toMatchObject([
      {
        level: 50,
        msg: 'failed',
        err: { type: 'RangeError', message: 'out of range', stack: expect.stringContaining('logging.test') },
      },
    ]);
    expect(Object.keys(parsed()[0].err)).toEqual(['type', 'message', 'stack']);
    expect(written.join()).not.toContain(SECRET);
  });

  test('has no cause and no inner errors in the log', () => {
    const { logger, written } = lines();
    logger.error({ err: new Error('outer', { cause: { token: SECRET } }) }, 'failed');
    logger.error({ err: new AggregateError([Object.assign(new Error('inner'), { SECRET })], 'several') }, 'failed');
    expect(written).toHaveLength(2);
    expect(written.join()).not.toContain(SECRET);
  });
});

describe('the log of a process', () => {
  const script = (more: string) => `
    import { openLog } from 'src/roles/process/logging.ts';
    const log = openLog('info');
    ${more}
  `;
  const thousandLines = `
    for (let n = 0; n < 500; n += 1) {
      log.logger.info({ n }, 'mine');
      log.writeLine(JSON.stringify({ n, msg: 'of a thread' }) + '\\n');
    }
  `;
  const expectThousand = (text: string): void => {
    const parsed = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(parsed.map(({ n }) => n)).toEqual(range(1000).map((index) => Math.floor(index / 2)));
  };

  test('holds its own lines and those of its threads, whole, once it has ended', async () => {
    const rig = child(script(`${thousandLines} log.end();`));
    expect(await rig.ended).toMatchObject({ code: 0 });
    expectThousand(rig.output());
  });

  test('is whole in a file, also when the process is ended from one moment to the next', async () => {
    const file = join(emptyFolder(), 'log');
    const rig = child(script(`${thousandLines} process.exit(3);`), openedFor(file, 'w'));
    expect(await rig.ended).toMatchObject({ code: 3 });
    expectThousand(readFileSync(file, 'utf8'));
  });

  test('writes a single line soon, though it could be kept back', async () => {
    const rig = child(script(`log.logger.info({}, 'soon'); setInterval(() => undefined, 1000);`));
    await rig.says('soon');
  });

  describe('that cannot be written does not keep the process from its end:', () => {
    /** More than a pipe, a socket and the log's own first write hold. */
    const much = `for (let n = 0; n < 20_000; n += 1) log.logger.info({ n }, 'to nobody who listens to any of it');`;
    /** Exits with code 42; a part that hangs has to be cut off. */
    const end = `process.exitCode = 42; log.end(); setInterval(() => undefined, 1000);`;
    const atOnce = 'process.exit(42);';
    const onSignal = (what: string) =>
      script(`
      process.on('SIGUSR2', () => { ${what} });
      setInterval(() => undefined, 1000);
      log.logger.info({}, 'ready');
    `);

    test.each([
      ['long before', `${much} setTimeout(() => { ${much} ${end} }, 300);`],
      ['at the same time', `${much} ${end}`],
      ['when it is ended from one moment to the next', `${much} ${atOnce}`],
    ])('its reader is gone %s', async (_, what) => {
      const rig = child(onSignal(what));
      await rig.says('ready');
      rig.process.stdout?.destroy();
      rig.process.kill('SIGUSR2');
      expect(await rig.ended).toMatchObject({ code: 42 });
    });

    test.each([
      ['at its end', end],
      ['when it is ended from one moment to the next', atOnce],
      ['when it is ended while a write waits', `setTimeout(() => { ${atOnce} }, 100);`],
    ])('its reader does not read, %s', async (_, what) => {
      const reading = child(onSignal(`${much} ${what}`));
      await reading.says('ready');
      reading.process.stdout?.pause();
      reading.process.kill('SIGUSR2');

      const fifo = join(emptyFolder(), 'fifo');
      execFileSync('sh', ['-c', 'mkfifo "$0"', fifo]);
      const unread = child(script(`${much} ${what}`), openedFor(fifo, 'r+'));

      for (const one of [reading, unread]) {
        await once(one.process, 'exit');
        expect(one.process.exitCode).toBe(42);
      }
      reading.process.stdout?.resume();
    });

    test.each([
      ['at its end', end],
      ['when it is ended from one moment to the next', atOnce],
      ['after it has failed to', `setTimeout(() => { ${much} ${end} }, 300);`],
    ])('its disk is full, %s', async (_, what) => {
      expect(await child(script(`${much} ${what}`), openedFor('/dev/full', 'w')).ended).toMatchObject({ code: 42 });
    });
  });
});

test('an output that stalls for a while gets every line afterwards, whole and in order', async () => {
  const fifo = join(emptyFolder(), 'fifo');
  execFileSync('sh', ['-c', 'mkfifo "$0"', fifo]);
  const reader = openedFor(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const output = descriptorOutput(openedFor(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  const text = range(50_000).join('\n');
  const written = new Promise<unknown>((done) => output.write(text, done));
  let read = '';
  await eventually(() => {
    const chunk = Buffer.alloc(1_048_576);
    read += chunk.toString('latin1', 0, readSync(reader, chunk));
    expect(read.length).toBe(text.length);
  });
  expect(read).toBe(text);
  expect(await written).toBeUndefined();
});

function openedFor(path: string, flags: string | number): number {
  const fd = openSync(path, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}
