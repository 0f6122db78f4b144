import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lockDataFolder } from '../../src/backends/data-folder.ts';
import { demoApps } from '../../src/sandbox/demo-apps.ts';
import { dataFolder, emptyFolder } from '../config/support.ts';
import { ums } from './support.ts';

describe('the command line', () => {
  test.each([
    'nonsense',
    'serve --nonsense',
    'serve extra',
    'call',
    'rebuild',
    'backup',
    'restore',
    'config --sandbox',
  ])('"ums %s" is not understood: one line and exit code 2', async (line) => {
    const { code, stdout, stderr } = await ums(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^ums: [^\n]+\n$/);
  });

  test.each([
    ['serv', 'serve'],
    ['rebiuld devices', 'rebuild'],
    ['serve --sandbx', '--sandbox'],
  ])('"ums %s" is answered with what may have been meant', async (line, meant) => {
    const { code, stderr } = await ums(line.split(' '));
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^ums: [^\n]+\n$/) });
    expect(stderr).toContain(`(Did you mean ${meant}?)`);
  });

  test('the help groups the commands by those who need them', async () => {
    const { stdout } = await ums(['--help']);
    const groups = [...stdout.matchAll(/^(\w+, to .*):$/gm)].map(([, heading]) => heading);
    expect(groups).toEqual([
      'Operators, to run the service',
      'Operators, to look after its data',
      'Integrators, to try requests',
    ]);
    expect(stdout).not.toMatch(/^Commands:/m);
    expect((await ums(['help', 'call'])).stdout).toMatch(/^Usage: ums call /);
  });

  test('a reader of the output that has gone is no fault', async () => {
    const { stderr } = await promisify(execFile)('sh', ['-c', '"$0" bin/ums.mjs --help | true', process.execPath]);
    expect(stderr).toBe('');
  });

  test('serve refuses the keys of the sandbox, and says how to go on', async () => {
    const dir = dataFolder(demoApps());
    const { code, stdout, stderr } = await ums(['serve'], { UMS_DATA: dir, UMS_PORT: '0' });
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    expect(stderr).toMatch(/\n {2}UMS_APPS [^\n]*apps\.json has MB-DEMO-0000[^\n]*npm start[^\n]*\n$/);
    expect(readdirSync(dir)).toEqual(['apps.json']);
  });

  test.each(['', 'serve ', 'call ', 'config ', 'rebuild ', 'backup ', 'restore '])(
    '"ums %s--help" has examples',
    async (command) => {
      const { code, stdout } = await ums(`${command}--help`.split(' '));
      expect(code).toBe(0);
      expect(stdout).toMatch(/Usage: ums.*Examples:\n {2}npm run ums -- /s);
    },
  );

  test('--version says the version of the package', async () => {
    expect(await ums(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test.each(['serve', 'config', 'rebuild devices', 'call /ums/v2/devlist'])(
    '"ums %s" ends with 78 on a bad configuration and names every fault on a line',
    async (line) => {
      const dir = emptyFolder();
      const env = { UMS_DATA: dir, UMS_PORT: 'x', UMS_TIME_ZONE: 'y' };
      const { code, stdout, stderr } = await ums(line.split(' '), env);
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
      const [first, ...faults] = stderr.trimEnd().split('\n');
      expect(first).toMatch(/^ums: bad configuration/);
      expect(faults.map((fault) => fault.trim().split(' ')[0])).toEqual(['UMS_PORT', 'UMS_TIME_ZONE', 'UMS_APPS']);
      expect(readdirSync(dir)).toEqual([]);
    },
  );

  test('config prints the settings in force, secrets masked, and creates nothing', async () => {
    const env = { UMS_DATA: dataFolder(), UMS_OPERATOR_TOKEN: 'hidden', UMS_PROT: '1' };
    const lines = await ums(['config'], env);
    expect(lines).toMatchObject({ code: 0, stderr: expect.stringContaining('UMS_PROT') });
    expect(lines.stdout).toMatch(/^UMS_PORT +8080$/m);
    expect(lines.stdout).toMatch(/^app MB-TEST-0000 \(terminal, appKey \*\*\*\)$/m);
    const json = await ums(['config', '--json'], env);
    expect(JSON.parse(json.stdout)).toMatchObject({ UMS_PORT: 8080, UMS_OPERATOR_TOKEN: '***', apps: [{}, {}] });
    expect(lines.stdout + json.stdout).not.toMatch(/hidden|app-key|master-secret/);
    expect(readdirSync(env.UMS_DATA)).toEqual(['apps.json']);
  });

  test.each(['serve', 'rebuild devices'])(
    '"ums %s" ends with 75 in one line when the data folder is held',
    async (line) => {
      const dir = dataFolder();
      writeFileSync(join(dir, 'ums.sqlite'), '');
      const lock = lockDataFolder(dir);
      if (lock.type !== 'locked') throw new Error('held by whom?');
      onTestFinished(lock.release);
      const key = Buffer.alloc(32, 7).toString('base64');
      const { code, stderr } = await ums(line.split(' '), { UMS_DATA: dir, UMS_PORT: '0', UMS_CONTENT_KEY: key });
      expect(code).toBe(75);
      expect(stderr).toMatch(/^ums: [^\n]*data folder[^\n]*\n$/);
    },
  );

  test.each(['serve', 'rebuild devices'])(
    '"ums %s" has no distributed backend, and says so before it makes anything',
    async (line) => {
      const dir = dataFolder();
      const env = {
        UMS_DATA: dir,
        UMS_BACKEND: 'distributed',
        EVENTSTOREDB_URL: 'esdb://a',
        MONGODB_URL: 'mongodb://a',
        REDIS_URL: 'redis://a',
      };
      const { code, stderr } = await ums(line.split(' '), env);
      expect(code).toBe(78);
      expect(stderr).toMatch(/^ums: bad configuration[^\n]*\n {2}UMS_BACKEND [^\n]*\n$/);
      expect(readdirSync(dir)).toEqual(['apps.json']);
    },
  );

  describe('a signal that comes before the service can hear it', () => {
    /** Sends it to the process itself as soon as, and no sooner than, anything there listens to it. */
    const hasty = (signal: string): string => {
      const preload = join(emptyFolder(), 'hasty.mjs');
      writeFileSync(
        preload,
        `process.on('newListener', (name) => {
           if (name === '${signal}') queueMicrotask(() => process.kill(process.pid, name));
         });`,
      );
      return preload;
    };

    test.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('%s ends serve with 0, and nothing was made', async (signal) => {
      const dir = emptyFolder();
      const apps = join(dataFolder(), 'apps.json');
      const env = { UMS_DATA: join(dir, 'data'), UMS_APPS: apps, UMS_PORT: '0' };
      const ended = await ums(['serve'], env, ['--import', hasty(signal)]);
      expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(readdirSync(dir)).toEqual([]);
    });

    test('no other command exits 0 when a signal ends it', async () => {
      const env = { UMS_DATA: dataFolder() };
      const ended = await ums(['config'], env, ['--import', hasty('SIGTERM')]);
      expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('UMS_PORT') });
    });
  });

  test('on another Node it says so in one line', async () => {
    const preload = join(emptyFolder(), 'old-node.mjs');
    writeFileSync(
      preload,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } });
       Object.defineProperty(process, 'version', { value: 'v20.1.0' });`,
    );
    const { code, stderr } = await ums(['--version'], {}, ['--import', preload]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ums: this is Node v20\.1\.0, [^\n]*Node 26[^\n]*npm ci[^\n]*npm rebuild node[^\n]*\n$/);
  });
});
