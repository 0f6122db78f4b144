import { describe, expect, test } from 'vitest';
import type { LogLevel } from '../../src/config.ts';
import { threadLogger } from '../../src/roles/logging.ts';
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
  test('is its type, its text and its stack; what else it holds is not logged', () => {
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
    import { openLog } from 'src/roles/logging.ts';
    const log = openLog('info');
    ${more}
  `;

  test('holds its own lines and those of its threads, whole, once it is flushed', async () => {
    const it = child(
      script(`
        for (let n = 0; n < 500; n += 1) {
          log.logger.info({ n }, 'mine');
          log.writeLine(JSON.stringify({ n, msg: 'of a thread' }) + '\\n');
        }
        log.flush();
        process.exit(0);
      `),
    );
    expect(await it.ended).toMatchObject({ code: 0 });
    const parsed = it
      .output()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(parsed).toHaveLength(1000);
    expect(parsed.map(({ n }) => n)).toEqual(Array.from({ length: 1000 }, (_, index) => Math.floor(index / 2)));
  });

  test('writes a single line soon, though it could be kept back', async () => {
    const it = child(script(`log.logger.info({}, 'soon'); setInterval(() => undefined, 1000);`));
    await it.says('soon');
  });

  test('outlives a reader that goes away', async () => {
    const it = child(
      script(`
        process.on('SIGUSR2', () => {
          for (let n = 0; n < 2000; n += 1) log.logger.info({ n }, 'to nobody');
          setTimeout(() => {
            log.flush();
            process.exit(42);
          }, 300);
        });
        setInterval(() => undefined, 1000);
        log.logger.info({}, 'ready');
      `),
    );
    await it.says('ready');
    it.process.stdout?.destroy();
    it.process.kill('SIGUSR2');
    expect(await it.ended).toMatchObject({ code: 42 });
  });
});
