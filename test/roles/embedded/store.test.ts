import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CommandFailed } from '../../../src/cli/exit-codes.ts';
import {
  FileUnusable,
  NewerFile,
  NewerReadModel,
  StoreUnavailable,
  WrongContentKey,
} from '../../../src/ports/errors.ts';
import { storeFault } from '../../../src/roles/embedded/store.ts';

const config = { dataDir: '/data/of-ums', contentKey: Buffer.alloc(32, 7) };

describe('the message about a store that cannot be opened', () => {
  test.each([
    ['a wrong key', new WrongContentKey('what happened'), 78],
    ['a file of a newer release', new NewerFile('what happened'), 78],
    ['a read model of a newer release', new NewerReadModel('what happened'), 78],
    ['a file that cannot be opened', new FileUnusable('what happened'), 74],
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
