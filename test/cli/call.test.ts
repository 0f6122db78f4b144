import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { type CallOptions, call, serviceUrl } from '../../src/cli/call.ts';
import { CommandFailed } from '../../src/cli/exit-codes.ts';
import { readConfig } from '../../src/config.ts';
import { dataFolder } from '../config/support.ts';
import { service, ums } from './support.ts';

const GOOD = '{"retCode": "00000", "retInfo": "success", "data": null}';
const SECRET = 's'.repeat(32);

interface Call extends CallOptions {
  readonly path?: string;
  readonly body?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly isTerminal?: boolean;
}

async function called({ path = '/ums/v2/devlist', body = '{}', env, isTerminal = false, ...options }: Call) {
  const loaded = readConfig({ UMS_DATA: dataFolder(), UMS_TOKEN_SECRET: SECRET, ...env });
  if (loaded.type === 'faults') throw new Error(loaded.faults.join('\n'));
  const printed = { answer: '', note: '' };
  const output = {
    isTerminal,
    answer(text: string) {
      printed.answer += text;
    },
    note(text: string) {
      printed.note += text;
    },
  };
  const code = await call(loaded.config, path, body, options, output);
  return { code, ...printed };
}

async function refused(options: Call): Promise<{ exitCode: number; message: string }> {
  const error: unknown = await called(options).catch((reason: unknown) => reason);
  if (!(error instanceof CommandFailed)) throw error;
  expect(error.message).not.toContain('\n');
  return { exitCode: error.exitCode, message: error.message };
}

describe('ums call', () => {
  test('signs as the first terminal app, mints a token for the user, sends a fresh sequenceId', async () => {
    const { port, received } = await service(200, GOOD);
    const env = { UMS_PORT: port };
    const body = '{"a": "b c"}';
    expect(await called({ path: '/ums/v2/devlist?x=1', body, user: 'u1', env })).toMatchObject({ code: 0 });
    await called({ env });

    const [first, second] = received;
    expect(first).toMatchObject({ url: '/ums/v2/devlist?x=1', body });
    const signed = `/ums/v2/devlist{"a":"bc"}MB-TEST-0000terminal-app-key${first?.headers.timestamp}`;
    expect(first?.headers).toMatchObject({
      appid: 'MB-TEST-0000',
      clientid: 'cli',
      'content-type': 'application/json',
      sequenceid: expect.stringMatching(/^[0-9a-f]{32}$/),
      sign: createHash('sha256').update(signed).digest('hex'),
    });
    const token = await jwtVerify(String(first?.headers.accesstoken), Buffer.from(SECRET));
    expect(token.payload).toMatchObject({ sub: 'u1', client_id: 'cli' });
    expect(second?.headers).not.toHaveProperty('accesstoken');
    expect(second?.headers.sequenceid).not.toBe(first?.headers.sequenceid);
  });

  test('calls a cloud endpoint as the first cloud app, without a client', async () => {
    const { port, received } = await service(200, GOOD);
    expect(await called({ path: '/umse/v2/devlist', env: { UMS_PORT: port } })).toMatchObject({ code: 0 });
    expect(received[0]?.headers).toMatchObject({ appid: 'SV-TEST-0000' });
    expect(received[0]?.headers).not.toHaveProperty('clientid');
  });

  test('takes the given app, terminal, sequenceId and address', async () => {
    const { port, received } = await service(200, GOOD);
    const options = { app: 'SV-TEST-0000', client: 'c1', sequence: 's1', url: `http://127.0.0.1:${port}` };
    expect(await called({ ...options, env: { UMS_PORT: '0' } })).toMatchObject({ code: 0 });
    expect(received[0]?.headers).toMatchObject({ appid: 'SV-TEST-0000', clientid: 'c1', sequenceid: 's1' });
  });

  test('prints the answer as it is, and indented on a terminal', async () => {
    const { port } = await service(200, GOOD);
    const env = { UMS_PORT: port };
    expect((await called({ env })).answer).toBe(`${GOOD}\n`);
    expect((await called({ env, isTerminal: true })).answer).toBe(`${JSON.stringify(JSON.parse(GOOD), null, 2)}\n`);
  });

  test.each([
    ['a refusal', 200, '{"retCode":"H32011"}', ''],
    ['an error', 503, '{"retCode":"A00001"}', 'HTTP 503\n'],
    ['what is no envelope', 502, '<html>', 'HTTP 502\n'],
    ['what is no object', 200, 'null', ''],
  ])('prints %s and ends with 1', async (_name, status, answer, note) => {
    const { port } = await service(status, answer);
    expect(await called({ env: { UMS_PORT: port }, isTerminal: answer[0] !== '{' })).toEqual({
      code: 1,
      answer: `${answer}\n`,
      note,
    });
  });

  test('sends names of any script as UTF-8', async () => {
    const { port, received } = await service(200, GOOD);
    expect(await called({ client: '冰箱', sequence: 'é', user: '用户', env: { UMS_PORT: port } })).toMatchObject({
      code: 0,
    });
    const { clientid, sequenceid } = received[0]?.headers ?? {};
    expect(Buffer.from(String(clientid), 'latin1').toString()).toBe('冰箱');
    expect(Buffer.from(String(sequenceid), 'latin1').toString()).toBe('é');
  });

  test('says how to log in when the service asks for it, not when the token was refused', async () => {
    const { port } = await service(200, '{"retCode":"D00003"}');
    const env = { UMS_PORT: port };
    expect((await called({ env })).note).toMatch(/^ums: [^\n]*--user[^\n]*\n$/);
    expect((await called({ env, user: 'u1' })).note).toBe('');
  });

  test('a user needs a secret: none yet is 69, another verifier is 2', async () => {
    const none = await refused({ user: 'u1', env: { UMS_TOKEN_SECRET: '' } });
    expect(none).toMatchObject({ exitCode: 69, message: expect.stringContaining('start the service first') });
    const jwks = await refused({ user: 'u1', env: { UMS_TOKEN_SECRET: '', UMS_TOKEN_JWKS_URL: 'https://id/jwks' } });
    expect(jwks).toMatchObject({ exitCode: 2, message: expect.stringContaining('checked by jwks') });
  });

  test.each<[string, Call]>([
    ['a path without a slash', { path: 'devlist' }],
    ['a path that names a host', { path: '//example.com/x' }],
    ['an app that is none', { app: 'nobody' }],
    ['an address that is none', { url: 'nowhere' }],
    ['a terminal that fits no header', { client: 'two\nlines' }],
    ['a port that only the service knows', { env: { UMS_PORT: '0' } }],
  ])('%s is a fault of the command line', async (_name, options) => {
    expect((await refused(options)).exitCode).toBe(2);
  });

  test.each([
    ['0.0.0.0', 'http://127.0.0.1:80'],
    ['::', 'http://[::1]:80'],
    ['fe80::1', 'http://[fe80::1]:80'],
    ['ums.example.com', 'http://ums.example.com:80'],
  ])('a service on %s is called at %s', (host, url) => {
    expect(serviceUrl({ host, port: 80 })).toBe(url);
  });

  test('as a process: the secret of the data folder, the answer on stdout, and nothing made', async () => {
    const { port, received } = await service(429, '{"retCode":"A00001"}');
    const dir = dataFolder();
    writeFileSync(join(dir, 'token-secret'), SECRET);
    const ended = await ums(['call', '/ums/v2/devlist', '{}', '--user', 'u1'], { UMS_DATA: dir, UMS_PORT: port });
    expect(ended).toEqual({ code: 1, stdout: '{"retCode":"A00001"}\n', stderr: 'HTTP 429\n' });
    const token = await jwtVerify(String(received[0]?.headers.accesstoken), Buffer.from(SECRET));
    expect(token.payload.sub).toBe('u1');
    expect(readdirSync(dir).sort()).toEqual(['apps.json', 'token-secret']);
  });

  test('as a process: no server listens, in one line, exit code 69', async () => {
    const { code, stderr } = await ums(['call', '/ums/v2/devlist'], { UMS_DATA: dataFolder(), UMS_PORT: '1' });
    expect(code).toBe(69);
    expect(stderr).toMatch(/^ums: no answer from http:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)[^\n]+\n$/);
  });
});
