/** SIGTERM: the service takes no more requests, finishes those it has, exits 0 within 10 s, and loses no answered request. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { terminal, useFlow } from '../support/flow.ts';
import { jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { HalfAnAnswer } from '../support/http.ts';
import { rawAnswer } from '../support/raw-http.ts';
import { runUms, startUms } from '../support/ums-process.ts';
import { until } from '../support/until.ts';

const pack = jpushPackage('com.flow.stopping');
const slow = jpushPackage('com.flow.slow');
const app = terminalApp('MB-FLOW-STOPPING', pack, slow);
const sender = { app, clientId: 'sender', user: 'sender' };
const STOP_MS = 10_000;

const flow = useFlow({ apps: [app] });

describe('the end', () => {
  test('in the middle of requests and deliveries loses nothing that was answered', async () => {
    const { service } = flow;
    const quick = terminal(app, pack);
    const late = terminal(app, slow);
    await flow.register(quick);
    await flow.register(late);
    // Longer than the process waits for a delivery.
    service.jpush.faults.inject({ fault: { type: 'stall', ms: 7_000 }, times: 3, appKey: jpushKeyOf(slow) });

    const answered: string[] = [];
    const odd: unknown[] = [];
    let over = false;
    const load = Array.from({ length: 16 }, async (_, index) => {
      while (!over)
        await flow
          .tryPush(sender, { type: 0, Id: [index % 2 === 0 ? quick.clientId : late.clientId] })
          .then(({ status, retCode, data }) => {
            if (status === 200 && retCode === '00000') answered.push(data.msgId);
            else if (status !== 503 || retCode !== 'A00001') odd.push({ status, retCode });
          })
          .catch((error: unknown) => {
            // A connection that is closed is fine, half an answer is not.
            if (error instanceof HalfAnAnswer || error instanceof SyntaxError) odd.push(error);
            over = true;
          });
    });
    await until('some answers', () => answered.length > 50);
    const ended = await service.stop();
    over = true;
    await Promise.all(load);
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.ms).toBeLessThan(STOP_MS);
    expect(odd).toEqual([]);

    await service.start();
    for (const msgId of answered) await flow.sent(sender, msgId, { withinMs: 30_000 });
    for (const msgId of answered) expect(flow.accepted(msgId)).toHaveLength(1);
  }, 90_000);

  test('does not wait for half a request, nor for a connection that says nothing', async () => {
    const { service } = flow;
    const { port } = service;
    const silent = connect(port, '127.0.0.1');
    const half = connect(port, '127.0.0.1');
    const closed = Promise.all([silent, half].map((socket) => until('the close', () => socket.closed)));
    for (const socket of [silent, half]) socket.on('error', () => undefined).resume();
    half.write(
      'POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    );
    // Once a later request is answered, the server has seen the earlier ones.
    await flow.devices('anybody', app);
    const ended = await service.stop();
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.ms).toBeLessThan(STOP_MS);
    await closed;
    await service.start();
  }, 60_000);

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'comes also when %s does while it is still starting',
    async (signal) => {
      const { env, dataDir } = flow.service;
      const folder = `${dataDir}-of-the-early-one`;
      const ums = startUms(['serve'], { ...env, UMS_DATA: folder });
      await until('the lock on its folder', () => existsSync(join(folder, 'lock.pid')), { withinMs: 30_000 });
      const ended = await ums.end(signal);
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(ended.ms).toBeLessThan(STOP_MS);
      expect(existsSync(join(folder, 'lock.pid'))).toBe(false);
    },
    60_000,
  );

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'comes within a second when %s does while the start is stuck, says so, and leaves no lock',
    async (signal) => {
      const { env, dataDir } = flow.service;
      const preload = `${dataDir}-stuck.mjs`;
      // A thread that does not get on, as on a machine that is busy or with a file that is large.
      await writeFile(preload, "import { isMainThread } from 'node:worker_threads'; while (!isMainThread);");
      const folder = `${dataDir}-of-a-stuck-start`;
      const ums = startUms(['serve'], { ...env, UMS_DATA: folder, NODE_OPTIONS: `--import=${preload}` });
      await until('the lock on its folder', () => existsSync(join(folder, 'lock.pid')), { withinMs: 30_000 });
      const ended = await ums.end(signal);
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(ended.ms).toBeLessThan(3_000);
      expect(existsSync(join(folder, 'lock.pid'))).toBe(false);
      const lines = ended.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toMatchObject([{ msg: 'stopping', signal }, { msg: 'stopped before it had started' }]);
    },
    60_000,
  );

  test('is one line at its start and one at its end', async () => {
    const { service } = flow;
    const ended = await service.stop();
    const lines = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg);
    expect(lines.filter((msg) => /^stop/.test(msg))).toEqual(['stopping', 'stopped']);
    expect(lines.at(-1)).toBe('stopped');
    await service.start();
  }, 60_000);

  test('is as clean when SIGTERM is repeated until it has come', async () => {
    const { service } = flow;
    const who = terminal(app, slow);
    await flow.register(who);
    service.jpush.faults.inject({ fault: { type: 'hang', ms: 60_000 }, times: 1, appKey: jpushKeyOf(slow) });
    await flow.push(sender, { type: 0, Id: [who.clientId] });
    await until('the call', () => service.jpush.faults.pending() === 0);
    const again = setInterval(() => service.process.child.kill('SIGTERM'), 1);
    const ended = await service.stop().finally(() => clearInterval(again));
    expect(ended).toMatchObject({ code: 0, signal: null });
    // Longer than two signals are one wish.
    expect(ended.ms).toBeGreaterThan(2_000);
    expect(ended.ms).toBeLessThan(STOP_MS);
    await service.start();
  }, 60_000);

  describe('comes also when the log cannot be written:', () => {
    const endsInTime = async (): Promise<void> => {
      const { service } = flow;
      const ended = await service.stop();
      expect(ended).toMatchObject({ code: 0, signal: null });
      expect(ended.ms).toBeLessThan(STOP_MS);
      await service.start();
    };

    test('its reader is gone', async () => {
      flow.service.process.child.stdout?.destroy();
      for (let request = 0; request < 20; request += 1) await flow.devices('anybody', app);
      await endsInTime();
    }, 60_000);

    test('its reader goes at the same time', async () => {
      await flow.devices('anybody', app);
      flow.service.process.child.stdout?.destroy();
      await endsInTime();
    }, 60_000);

    test('its reader does not read', async () => {
      const { service } = flow;
      const { stdout } = service.process.child;
      stdout?.pause();
      // More than fits in between.
      for (let request = 0; request < 4_000; request += 16)
        await Promise.all(Array.from({ length: 16 }, () => flow.devices('anybody', app)));
      service.process.child.once('exit', () => stdout?.resume());
      await endsInTime();
    }, 60_000);

    test('its disk is full', async () => {
      const { env, dataDir } = flow.service;
      const folder = `${dataDir}-without-a-log`;
      const full = openSync('/dev/full', 'w');
      const ums = startUms(['serve'], { ...env, UMS_DATA: folder }, full);
      closeSync(full);
      await until('the lock on its folder', () => existsSync(join(folder, 'lock.pid')), { withinMs: 30_000 });
      const ended = await ums.end('SIGTERM');
      expect(ended).toMatchObject({ code: 0, signal: null });
      expect(ended.ms).toBeLessThan(STOP_MS);
    }, 60_000);
  });

  test('a request that is at work when the signal comes is answered', async () => {
    const { service } = flow;
    const who = terminal(app, pack);
    await flow.register(who);
    const { headers, body, path } = await service.client.signed({
      ...sender,
      endpoint: 'msgPush',
      body: { dst: { type: 0, Id: [who.clientId] } },
    });
    const head = Object.entries({ ...headers, host: 'ums', 'content-length': String(Buffer.byteLength(body)) });
    const socket = connect(service.port, '127.0.0.1');
    socket.write(`POST ${path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    await flow.devices('anybody', app);
    const stopped = service.stop();
    const { status, body: text } = await rawAnswer(socket, () => socket.write(body));
    expect([200, 503]).toContain(status);
    expect(JSON.parse(text)).toMatchObject({ retCode: status === 200 ? '00000' : 'A00001' });
    expect(await stopped).toMatchObject({ code: 0 });
    await service.start();
  }, 60_000);
});

describe('a process that cannot run says so in one line', () => {
  const oneLine = /^ums: [^\n]+\n$/;

  test('a folder that another one holds: 75', async () => {
    const { env, dataDir, process: running } = flow.service;
    for (const command of [['serve'], ['rebuild', 'messages']]) {
      const ended = await runUms(command, env);
      expect(ended).toMatchObject({ code: 75, stdout: '', stderr: expect.stringMatching(oneLine) });
      expect(ended.stderr).toContain(dataDir);
    }
    expect((await runUms(['serve'], env)).stderr).toContain(String(running.child.pid));
    await flow.devices('anybody', app);
  }, 60_000);

  test('a port that another one has: 69', async () => {
    const { env, port, dataDir } = flow.service;
    const ended = await runUms(['serve'], { ...env, UMS_DATA: `${dataDir}-other`, UMS_PORT: String(port) });
    expect(ended).toMatchObject({ code: 69, stderr: expect.stringMatching(oneLine) });
    expect(ended.stderr).toContain(String(port));
  }, 60_000);

  test.each(['ums.sqlite', 'lock'])(
    'a file that is damaged, %s: 74',
    async (name) => {
      const { env, dataDir } = flow.service;
      const folder = `${dataDir}-damaged-${name}`;
      await mkdir(folder);
      // A database without its keys is refused for that.
      for (const file of await readdir(dataDir))
        if (/^(content-key|token-secret|operator-token)$/.test(file))
          await copyFile(join(dataDir, file), join(folder, file));
      await writeFile(join(folder, name), 'no database '.repeat(10_000));
      const ended = await runUms(['serve'], { ...env, UMS_DATA: folder });
      expect(ended).toMatchObject({ code: 74, stdout: '', stderr: expect.stringMatching(oneLine) });
      expect(ended.stderr).toContain(join(folder, name));
      expect(ended.stderr).toContain('not a database');
    },
    60_000,
  );

  test('a disk that is full: 74, and once there is room all is well', async () => {
    const { env, dataDir } = flow.service;
    const folder = `${dataDir}-without-room`;
    const settings = { ...env, UMS_DATA: folder };
    // No file may grow beyond 16 KiB: enough for the secrets, not for a database.
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', 'ulimit -f 16; exec node_modules/.bin/node bin/ums.mjs serve'],
      { env: { PATH: process.env.PATH, ...settings }, encoding: 'utf8' },
    );
    expect({ status, stdout }).toEqual({ status: 74, stdout: '' });
    expect(stderr).toMatch(oneLine);
    expect(stderr).toContain(join(folder, 'ums.sqlite'));
    const ums = startUms(['serve'], settings);
    await until('the start', () => ums.stdout().includes('listening'), { withinMs: 30_000 });
    expect(await ums.end('SIGTERM')).toMatchObject({ code: 0 });
  }, 60_000);

  test('a disk that is full at the first start: 74 in a few lines, and nothing is left but the folder', async () => {
    const { env, dataDir } = flow.service;
    const folder = `${dataDir}-without-any-room`;
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', 'ulimit -f 0; exec node_modules/.bin/node bin/ums.mjs serve'],
      { env: { PATH: process.env.PATH, ...env, UMS_DATA: folder }, encoding: 'utf8' },
    );
    expect({ status, stdout }).toEqual({ status: 74, stdout: '' });
    expect(stderr).toMatch(/^ums: the disk is full or broken[^\n]*\n( {2}\/[^\n]+\n)+$/);
    expect(readdirSync(folder)).toEqual([]);
  }, 60_000);

  test('a folder without a database, of which nothing can be built anew: 78, and it makes nothing', async () => {
    const { env, dataDir } = flow.service;
    const folder = `${dataDir}-never-made`;
    const ended = await runUms(['rebuild', 'messages'], { ...env, UMS_DATA: folder });
    expect(ended).toMatchObject({ code: 78, stdout: '', stderr: expect.stringMatching(oneLine) });
    expect(ended.stderr).toContain(folder);
    expect(existsSync(folder)).toBe(false);
  }, 60_000);

  test('a content key that is lost: 78, and it makes no other', async () => {
    const { service } = flow;
    const key = join(service.dataDir, 'content-key');
    const text = await readFile(key);
    await service.stop();
    await rm(key);
    const ended = await runUms(['rebuild', 'messages'], service.env);
    expect(ended).toMatchObject({ code: 78, stdout: '', stderr: expect.stringMatching(oneLine) });
    expect(ended.stderr).toContain('UMS_CONTENT_KEY');
    expect(existsSync(key)).toBe(false);
    await writeFile(key, text);
    await service.start();
  }, 60_000);

  test('a projection that there is none of: 2', async () => {
    const { env, dataDir } = flow.service;
    const ended = await runUms(['rebuild', 'dreams'], { ...env, UMS_DATA: `${dataDir}-other` });
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(oneLine) });
    for (const name of ['devices', 'messages', 'deliveries']) expect(ended.stderr).toContain(name);
  }, 60_000);

  test('a content key that the data was not written with: 78', async () => {
    const { service } = flow;
    const who = terminal(app, pack);
    await flow.register(who);
    await flow.sent(sender, await flow.push(sender, { type: 0, Id: [who.clientId] }));
    expect(await service.stop()).toMatchObject({ code: 0 });
    const key = Buffer.alloc(32, 9).toString('base64');
    const ended = await runUms(['serve'], { ...service.env, UMS_CONTENT_KEY: key });
    expect(ended).toMatchObject({ code: 78, stderr: expect.stringMatching(oneLine) });
    expect(ended.stderr).toContain('UMS_CONTENT_KEY');
    expect(ended.stderr).not.toContain(key);
    await service.start();
  }, 60_000);
});
