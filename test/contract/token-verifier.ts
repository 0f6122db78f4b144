/** The contract of `TokenVerifier` (`src/ports/token-verifier.ts`), written against the port alone; the rules are `docs/api.md §2 Tokens`. */
import { describe, expect, test } from 'vitest';
import type { TokenVerdict, TokenVerifier } from '../../src/ports/token-verifier.ts';
import { range, shared } from './support.ts';

export interface OpenedTokenVerifier {
  readonly verifier: TokenVerifier;
  /** Whole seconds since 1970 by the verifier's clock. */
  now(): number;
  advance(seconds: number): void;
  /** A token, good in every other way, that says this. */
  issue(claims: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

const INVALID: TokenVerdict = { type: 'invalid' };
const EXPIRED: TokenVerdict = { type: 'expired' };
const verified = (userId: string, clientId?: string): TokenVerdict => ({
  type: 'verified',
  token: clientId === undefined ? { userId } : { userId, clientId },
});

export function tokenVerifierContract(name: string, open: () => Promise<OpenedTokenVerifier>): void {
  describe(`TokenVerifier by ${name}`, () => {
    const opened = shared(open);
    const verdict = async (claims: Record<string, unknown>): Promise<TokenVerdict> =>
      opened().verifier.verify(await opened().issue(claims));
    const later = (seconds: number): number => opened().now() + seconds;

    test('a good token names its user', async () => {
      expect(await verdict({ sub: 'u1', exp: later(60) })).toEqual(verified('u1'));
    });

    test('a user may have any characters', async () => {
      const sub = '用户 😀 "{}%/';
      expect(await verdict({ sub, exp: later(60) })).toEqual(verified(sub));
    });

    test('a token of a client names the client', async () => {
      expect(await verdict({ sub: 'u1', exp: later(60), client_id: 'c1' })).toEqual(verified('u1', 'c1'));
    });

    test('a client that is none is refused, an absent one ignored', async () => {
      expect(await verdict({ sub: 'u1', exp: later(60), client_id: 7 })).toEqual(INVALID);
      expect(await verdict({ sub: 'u1', exp: later(60), client_id: '' })).toEqual(verified('u1'));
    });

    test.each([
      ['nothing', ''],
      ['a word', 'garbage'],
      ['dots', '..'],
      ['many dots', 'a.b.c.d.e'],
      ['characters of a header', '\u00ff\u0080 "token"'],
      ['a long text', 'x'.repeat(8193)],
    ])('%s is no token', async (_name, token) => {
      expect(await opened().verifier.verify(token)).toEqual(INVALID);
    });

    test('a token of more than 8192 characters is none', async () => {
      expect(await verdict({ sub: 'u1', exp: later(60), padding: 'x'.repeat(8192) })).toEqual(INVALID);
    });

    test.each([[undefined], [''], [7], [true], [['u1']], [{ id: 'u1' }]])('a user %j is none', async (sub) => {
      expect(await verdict({ sub, exp: later(60) })).toEqual(INVALID);
    });

    test.each([['soon'], [true], [[1]]])('an end at %j is none', async (exp) => {
      expect(await verdict({ sub: 'u1', exp })).toEqual(INVALID);
    });

    test('it ends at its very exp', async () => {
      expect(await verdict({ sub: 'u1', exp: later(0) })).toEqual(EXPIRED);
      expect(await verdict({ sub: 'u1', exp: later(-1_000_000) })).toEqual(EXPIRED);
      expect(await verdict({ sub: 'u1', exp: later(0.5) })).toEqual(verified('u1'));
    });

    test('it does not begin before its nbf', async () => {
      expect(await verdict({ sub: 'u1', exp: later(60), nbf: later(1) })).toEqual(INVALID);
      expect(await verdict({ sub: 'u1', exp: later(60), nbf: later(0) })).toEqual(verified('u1'));
      expect(await verdict({ sub: 'u1', exp: later(60), nbf: 'now' })).toEqual(INVALID);
    });

    test('a token that was good expires', async () => {
      const { verifier, issue, advance } = opened();
      const token = await issue({ sub: 'u1', exp: later(30) });
      expect(await verifier.verify(token)).toEqual(verified('u1'));
      advance(29);
      expect(await verifier.verify(token)).toEqual(verified('u1'));
      advance(1);
      expect(await verifier.verify(token)).toEqual(EXPIRED);
      expect(await verifier.verify(token)).toEqual(EXPIRED);
    });

    test('tokens are kept apart, also when they come at once and repeatedly', async () => {
      const { verifier, issue } = opened();
      const tokens = await Promise.all(range(20).map((n) => issue({ sub: `u${n}`, exp: later(60) })));
      const verdicts = await Promise.all([...tokens, ...tokens].map((token) => verifier.verify(token)));
      expect(verdicts).toEqual([...range(20), ...range(20)].map((n) => verified(`u${n}`)));
    });
  });
}
