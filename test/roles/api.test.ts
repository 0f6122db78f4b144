/** The API alone: ports, tokens and a configuration are all that it needs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callUms } from '../../src/client/client.ts';
import type { App } from '../../src/domain/apps.ts';
import { systemClock } from '../../src/ports/clock.ts';
import type { TokenVerifier } from '../../src/ports/token-verifier.ts';
import { type ApiRole, startApi } from '../../src/roles/api.ts';
import { openTestBackend, type TestBackend } from '../support/embedded.ts';
import { errorLog } from '../support/error-log.ts';

const app: App = { appId: 'MB-API-0000', appKey: 'key', kind: 'terminal', packages: [{ appPackage: 'com.example' }] };
const config = {
  apps: [app],
  host: '127.0.0.1',
  port: 0,
  timeZone: 'Asia/Shanghai',
  maxSkewMs: 60_000,
  maxBodyBytes: 65_536,
};
const tokens: TokenVerifier = {
  verify: async (token) => ({ type: 'verified', token: { userId: token } }),
  close: async () => undefined,
};

describe('the API, started alone', () => {
  let store: TestBackend;
  const start = (host = config.host, port = 0): Promise<ApiRole> => {
    const { log, documents } = store.backend;
    return startApi({
      log,
      documents,
      tokens,
      clock: systemClock,
      logger: errorLog().logger,
      telemetry: { parts: () => [] },
      node: 'n',
      config: { ...config, host, port },
    });
  };

  beforeAll(async () => {
    store = await openTestBackend();
  });
  afterAll(() => store.close());

  test('answers at the address that it says, until it is stopped', async () => {
    const api = await start();
    expect(api.urls).toEqual([api.url]);
    const call = {
      url: api.url,
      app,
      path: '/ums/v2/devlist',
      body: '{}',
      clientId: 'c',
      token: 'u',
      timeoutMs: 10_000,
    };
    expect(JSON.parse((await callUms(call)).text)).toMatchObject({ retCode: '00000', data: [] });
    await api.stop(1_000);
    await expect(callUms(call)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('names the address that is bound, not the one that this machine reaches it at', async () => {
    const api = await start('0.0.0.0');
    expect(api.url).toBe(`http://0.0.0.0:${new URL(api.localUrl).port}`);
    await api.stop(1_000);
  });

  test('says it when another program has the port', async () => {
    const first = await start();
    await expect(start('127.0.0.1', Number(new URL(first.url).port))).rejects.toMatchObject({
      name: 'CommandFailed',
      exitCode: 69,
    });
    await first.stop(1_000);
  });
});
