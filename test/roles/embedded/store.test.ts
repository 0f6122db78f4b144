import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandFailed } from '../../../src/cli/exit-codes.ts';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import { storeFault } from '../../../src/roles/embedded/store.ts';

const config = { dataDir: '/data/of-ums', contentKey: Buffer.alloc(32, 7) };
const named = (name: string) => Object.assign(new Error('what happened'), { name });

describe('the message about a store that cannot be opened', () => {
  test.each([
    ['a wrong key', named('WrongContentKey'), 78],
    ['a file of a newer release', named('NewerFile'), 78],
    ['a read model of a newer release', named('NewerReadModel'), 78],
    ['a file that cannot be opened', named('FileUnusable'), 74],
    ['SQLite, in another thread', Object.assign(new Error('what happened'), { code: 'ERR_SQLITE_ERROR' }), 74],
    ['the first work with it failed', new StoreUnavailable('what happened'), 74],
  ])('%s: one line, and an exit code', (_, error, exitCode) => {
    const fault = storeFault(config, error);
    expect(fault).toBeInstanceOf(CommandFailed);
    expect(fault).toMatchObject({ exitCode, message: expect.stringMatching(/^[^\n]*what happened[^\n]*$/) });
    if (exitCode === 74) expect((fault as Error).message).toContain(join(config.dataDir, 'ums.sqlite'));
  });

  test('any other error is passed on as it is', () => {
    const bug = new TypeError('undefined is not a function');
    expect(storeFault(config, bug)).toBe(bug);
    expect(storeFault(config, 'text')).toBe('text');
  });
});
