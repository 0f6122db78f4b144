import { describe, expect, onTestFinished, test } from 'vitest';
import type { OpenEventLog } from '../event-log.ts';
import { freshName, range } from '../support.ts';
import { anEvent, aStream, labels } from './samples.ts';

/** How long after it was begun an append is cut off, in turns of the event loop. */
const TURNS = [0, 1, 2, 4, 8, 16, 32, 64];

export function crashContract(open: OpenEventLog): void {
  describe('an append with a request whose process is killed', () => {
    test('has left events and record or neither, whenever it was, and who repeats it comes to both', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      const { log, other, killOther } = own;
      if (other === undefined || killOther === undefined) return context.skip();
      for (const turns of TURNS) {
        const stream = aStream();
        const events = [anEvent('a'), anEvent('b')];
        const request = { key: freshName(), fingerprint: 'f'.repeat(64), answer: '{"retCode":"00000"}' };
        await other.head();
        const appending = other.append(stream, events, 'noStream', { request }).catch(() => 'cut off');
        for (const _ of range(turns)) await new Promise((resolve) => setImmediate(resolve));
        await killOther();
        await appending;

        // An open claim is finished by whoever looks for it.
        const found = await log.findRequest(request.key);
        expect(labels(await log.readStream(stream))).toEqual(found === undefined ? [] : ['a', 'b']);
        const again = await log.append(stream, events, 'noStream', { request });
        const { position } = (await log.readStream(stream))[1] ?? {};
        const earlier = { ...request, position };
        if (found === undefined) expect(again).toMatchObject({ type: 'appended', position });
        else expect([found, again]).toEqual([earlier, { type: 'duplicateRequest', earlier }]);
        expect(await log.findRequest(request.key)).toEqual(earlier);
        expect(labels(await log.readStream(stream))).toEqual(['a', 'b']);
      }
    });
  });
}
