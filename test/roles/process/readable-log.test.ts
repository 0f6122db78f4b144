import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readable } from '../../../src/roles/process/readable-log.ts';

const at = '2026-11-24T15:23:58.163Z';
const clock = new Date(at).toTimeString().slice(0, 8);
const line = (fields: object): string => `${JSON.stringify({ level: 30, time: at, ...fields })}\n`;

test('a request is one short line', () => {
  const fields = {
    method: 'POST',
    path: '/ums/v2/devlist',
    clientId: 'fridge-1',
    status: 200,
    retCode: '00000',
    ms: 3.2,
  };
  expect(readable(line({ ...fields, msg: 'request' }))).toBe(
    `${clock} /ums/v2/devlist 00000 3.2 ms clientId=fridge-1\n`,
  );
  const refused = { method: 'GET', path: '/x', status: 503, retCode: 'A00001', ms: 0.1, msg: 'request' };
  expect(readable(line(refused))).toBe(`${clock} GET /x A00001 HTTP 503 0.1 ms\n`);
});

test('other lines say their text, then their fields', () => {
  expect(readable(line({ signal: 'SIGTERM', msg: 'stopping' }))).toBe(`${clock} stopping signal=SIGTERM\n`);
  expect(readable(line({ level: 40, dir: '/a b', n: 1, msg: 'odd' }))).toBe(`${clock} WARN odd dir="/a b" n=1\n`);
});

test('an error has its stack below it', () => {
  const err = { type: 'RangeError', message: 'far out', stack: 'RangeError: far out\n    at here (file.ts:1:2)' };
  const [first, ...stack] = readable(line({ level: 50, err, msg: 'failed' })).split('\n');
  expect(first).toBe(`${clock} ERROR failed`);
  expect(stack).toEqual(['    RangeError: far out', '    at here (file.ts:1:2)', '']);
});

test('a name that a terminal chose can not steer the terminal that shows it', () => {
  const shown = readable(line({ clientId: '\u001b[2J\u009b1m', msg: 'request\u0007' }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
  expect(shown.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(shown).toContain('clientId=\\u001b[2J\\u009b1m');
});

test('what is printed as it is stays as it is', () => {
  expect(readable('sandbox: phone-1 received m\n')).toBe('sandbox: phone-1 received m\n');
  expect(readable('{no json\n')).toBe('{no json\n');
});

test('a process on a terminal writes such lines', async () => {
  const src = new URL('../../../src', import.meta.url).href;
  const code = `import { openLog } from '${src}/roles/process/logging.ts'; const log = openLog('info'); log.logger.info({ n: 1 }, 'hello'); log.end();`;
  // Gives the process a terminal of its own and copies what it writes there.
  const child = spawn('script', ['-qec', `'${process.execPath}' --input-type=module --eval "$CODE"`, '/dev/null'], {
    env: { ...process.env, CODE: code },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(output.trim()).toMatch(/^\d\d:\d\d:\d\d hello n=1$/);
});
