/** Files on file systems that are full, broken, or lack a feature that others have. */
import * as fs from 'node:fs';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createFile } from '../../src/config/files.ts';
import { loadConfig } from '../../src/config.ts';
import { demoApps } from '../../src/sandbox/demo-apps.ts';
import { dataFolder, emptyFolder } from './support.ts';

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    linkSync: vi.fn(real.linkSync),
    fsyncSync: vi.fn(real.fsyncSync),
    writeFileSync: vi.fn(real.writeFileSync),
  };
});

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

/** Only folders can't be synced. */
const noFolderSync = (code: string) => (fd: number) => {
  if (fs.fstatSync(fd).isDirectory()) failing(code)();
};

afterEach(() => void vi.resetAllMocks());

describe.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('where links are answered %s', (code) => {
  test('a file is made all the same, for its owner alone, and never over one that is there', () => {
    vi.mocked(fs.linkSync).mockImplementation(failing(code));
    const dir = emptyFolder();
    const path = join(dir, 'secret');
    expect(createFile(path, 'first')).toEqual({ created: true });
    expect(createFile(path, 'second')).toEqual({ created: false });
    expect(readFileSync(path, 'utf8')).toBe('first');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['secret']);
  });
});

test.each(['EINVAL', 'ENOTSUP', 'EBADF', 'EACCES'])(
  'where syncing a folder is answered %s a file is made all the same',
  (code) => {
    vi.mocked(fs.fsyncSync).mockImplementation(noFolderSync(code));
    const path = join(emptyFolder(), 'secret');
    expect(createFile(path, 'text')).toEqual({ created: true });
    expect(readFileSync(path, 'utf8')).toBe('text');
  },
);

describe.each(['ENOSPC', 'EDQUOT', 'EIO'])('a disk that answers %s', (code) => {
  test.each([
    ['write', writeFileSync],
    ['sync', fs.fsyncSync],
    ['link', fs.linkSync],
  ])('to a %s leaves nothing behind', (_, call) => {
    vi.mocked(call).mockImplementation(failing(code));
    const dir = emptyFolder();
    const { created, failed } = createFile(join(dir, 'secret'), 'text');
    expect({ created, fault: failed?.fault }).toEqual({
      created: false,
      fault: `${dir}/secret can't be made (${code})`,
    });
    expect(readdirSync(dir)).toEqual([]);
  });

  test('at the first start is no fault of the configuration, and leaves nothing behind', () => {
    vi.mocked(fs.fsyncSync).mockImplementation(failing(code));
    const dir = emptyFolder();
    const loaded = loadConfig({ UMS_DATA: dir }, { sandbox: true, demoApps });
    expect(loaded).toMatchObject({ type: 'faults', noRoom: true });
    expect(readdirSync(dir)).toEqual([]);
  });
});

test('without links a disk that is full leaves nothing behind either', () => {
  vi.mocked(fs.linkSync).mockImplementation(failing('EPERM'));
  let calls = 0;
  vi.mocked(fs.fsyncSync).mockImplementation(() => {
    calls += 1;
    if (calls === 2) failing('ENOSPC')();
  });
  const dir = emptyFolder();
  expect(createFile(join(dir, 'secret'), 'text').failed).toBeDefined();
  expect(readdirSync(dir)).toEqual([]);
});

test('a secret that is malformed or can not be read is no matter of room', () => {
  const dir = dataFolder();
  mkdirSync(join(dir, 'token-secret'));
  writeFileSync(join(dir, 'content-key'), 'short');
  expect(loadConfig({ UMS_DATA: dir }, { sandbox: false })).toEqual({
    type: 'faults',
    faults: [expect.any(String), expect.any(String)],
  });
});
