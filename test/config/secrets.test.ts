import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFile, createFolder } from '../../src/config/files.ts';
import { type Config, loadConfig, readConfig } from '../../src/config.ts';
import { dataFolder, emptyFolder } from './support.ts';

const FILES = ['token-secret', 'operator-token', 'content-key'];

function load(env: NodeJS.ProcessEnv): Config {
  const loaded = loadConfig(env, { sandbox: false });
  if (loaded.type === 'faults') throw new Error(loaded.faults.join('\n'));
  return loaded.config;
}

describe('generated secrets', () => {
  test('are made at first start, for their owner alone, and read from then on', () => {
    const parent = emptyFolder();
    const dir = join(parent, 'a', 'data');
    const env = { UMS_DATA: dir, UMS_APPS: join(dataFolder(), 'apps.json') };
    const config = load(env);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(readdirSync(dir).sort()).toEqual([...FILES].sort());
    for (const file of FILES) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    const [tokenSecret, operatorToken, contentKey] = FILES.map((file) => readFileSync(join(dir, file), 'utf8'));
    expect(config.token).toEqual({ type: 'secret', secret: tokenSecret });
    expect(config.operatorToken).toBe(operatorToken);
    expect(config.contentKey.toString('base64')).toBe(contentKey);
    expect(config.contentKey).toHaveLength(32);
    expect(load(env)).toEqual(config);
  });

  test('are made only where a variable does not say them', () => {
    const dir = dataFolder();
    load({ UMS_DATA: dir, UMS_TOKEN_JWKS_URL: 'https://id/jwks', UMS_OPERATOR_TOKEN: 'op' });
    expect(readdirSync(dir).sort()).toEqual(['apps.json', 'content-key']);
  });

  test('are not made beside a database whose content key is lost', () => {
    const dir = dataFolder();
    writeFileSync(join(dir, 'ums.sqlite'), '');
    expect(loadConfig({ UMS_DATA: dir }, { sandbox: true })).toMatchObject({
      type: 'faults',
      faults: [expect.stringContaining('content-key is missing, but there is a database')],
    });
    expect(readdirSync(dir).sort()).toEqual(['apps.json', 'ums.sqlite']);
    load({ UMS_DATA: dir, UMS_CONTENT_KEY: Buffer.alloc(32, 1).toString('base64') });
  });

  test('are not made by looking', () => {
    const dir = dataFolder();
    expect(readConfig({ UMS_DATA: dir })).toMatchObject({
      type: 'ok',
      config: { token: undefined, operatorToken: undefined, contentKey: undefined },
    });
    expect(readdirSync(dir)).toEqual(['apps.json']);
  });

  test('may have a line end that an editor left behind', () => {
    const dir = dataFolder();
    writeFileSync(join(dir, 'token-secret'), `${'s'.repeat(32)}\r\n`);
    expect(load({ UMS_DATA: dir }).token).toEqual({ type: 'secret', secret: 's'.repeat(32) });
  });

  test('that are malformed or unreadable are faults, all of them, and stay as they are', () => {
    const dir = dataFolder();
    writeFileSync(join(dir, 'token-secret'), 'short');
    writeFileSync(join(dir, 'operator-token'), '');
    mkdirSync(join(dir, 'content-key'));
    expect(loadConfig({ UMS_DATA: dir }, { sandbox: false })).toEqual({
      type: 'faults',
      faults: [
        `${dir}/token-secret must hold at least 32 bytes`,
        `${dir}/operator-token must hold visible ASCII characters without spaces`,
        `${dir}/content-key can't be read (EISDIR)`,
      ],
    });
    expect(readFileSync(join(dir, 'token-secret'), 'utf8')).toBe('short');
    rmSync(join(dir, 'content-key'), { recursive: true });
  });

  test('do not matter where a variable says them', () => {
    const dir = dataFolder();
    writeFileSync(join(dir, 'operator-token'), '');
    expect(load({ UMS_DATA: dir, UMS_OPERATOR_TOKEN: 'op' }).operatorToken).toBe('op');
  });

  test('a data folder that is a file, or below one, is a fault', () => {
    const file = join(dataFolder(), 'apps.json');
    for (const dir of [file, join(file, 'below')]) {
      expect(loadConfig({ UMS_DATA: dir, UMS_APPS: file }, { sandbox: false })).toMatchObject({
        faults: [expect.stringMatching(/^UMS_DATA (folder )?\//)],
      });
    }
  });

  test.runIf(existsSync('/proc/self'))('a folder that can not be made is a fault, and the start does not hang', () => {
    expect(createFolder('/proc/ums-none')?.fault).toBe("folder /proc/ums-none can't be made (ENOENT)");
  });

  test('a file that is there is left alone, and no draft stays behind', () => {
    const dir = emptyFolder();
    const path = join(dir, 'secret');
    expect(createFile(path, 'first')).toEqual({ created: true });
    expect(createFile(path, 'second')).toEqual({ created: false });
    expect(createFile(join(dir, 'none', 'secret'), 'x').failed?.fault).toContain('ENOENT');
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(readdirSync(dir)).toEqual(['secret']);
  });
});
