/** Injected faults behave as their descriptions say. */
import { describe, expect, it } from 'vitest';
import { knownFaults } from '../../../src/sandbox/jpush/faults.ts';
import { app, other, pushTo, testJPush } from './support.ts';

const body = pushTo(['a']);

describe('instead of an answer', () => {
  it.each([
    ['internalError', 500, 1000],
    ['internalTimeout', 503, 1030],
    ['blackList', 403, 2003],
    ['ipNotAllowed', 403, 2004],
  ] as const)('%s', async (name, status, code) => {
    const jpush = await testJPush({ adoptUnknown: true });
    jpush.faults.inject({ fault: knownFaults[name], times: 1 });
    const answer = await jpush.push(body);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
    expect(jpush.journal.counts.accepted).toBe(0);
    expect((await jpush.push(body)).status).toBe(200);
  });

  it('a gateway’s page', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    jpush.faults.inject({ fault: knownFaults.badGateway });
    const { status, headers, text } = await jpush.push(body);
    expect([status, headers.get('content-type')]).toEqual([502, 'text/html']);
    expect(text).toContain('<html>');
  });

  it('an error with a msg_id that is a long number', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    jpush.faults.inject({ fault: { type: 'error', status: 400, code: 1003, numericMsgId: true } });
    expect((await jpush.push(body)).text).toMatch(/"msg_id":\d{17,},/);
  });
});

describe('after acceptance or before', () => {
  it.each([true, false])('a broken connection, accepted: %s', async (accepted) => {
    const jpush = await testJPush({ adoptUnknown: true });
    jpush.faults.inject({ fault: { type: 'reset', accepted } });
    await expect(jpush.push(body)).rejects.toThrow();
    expect(jpush.journal.counts.accepted).toBe(accepted ? 1 : 0);
  });

  it('an answer that comes late or never, to a push that was accepted', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    jpush.faults.inject({ fault: { type: 'stall', ms: 20 }, times: 1 });
    expect((await jpush.push(body)).status).toBe(200);
    jpush.faults.inject({ fault: { type: 'stall', ms: 60_000 }, times: 1 });
    const patience = new AbortController();
    const impatient = jpush.call('POST', '/v3/push', body, app, patience.signal);
    impatient.catch(() => {});
    await expect.poll(() => jpush.journal.counts.accepted, { timeout: 10_000 }).toBe(2);
    patience.abort();
    await expect(impatient).rejects.toThrow();
  });

  it('an unreadable answer', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    jpush.faults.inject({ fault: { type: 'garble' } });
    expect(await jpush.push(body)).toMatchObject({ status: 200, json: undefined });
    expect(jpush.journal.counts.accepted).toBe(1);
  });
});

describe('a rule', () => {
  it('strikes the calls it is for', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    jpush.faults.inject({ fault: knownFaults.internalError, on: 'cid', appKey: app.appKey });
    expect((await jpush.push(body)).status).toBe(200);
    expect((await jpush.call('GET', '/v3/push/cid')).status).toBe(500);
    expect((await jpush.call('GET', '/v3/push/cid', undefined, other)).status).toBe(200);
  });

  it('strikes by chance, and until it is ended', async () => {
    let dice = 0.4;
    const jpush = await testJPush({ adoptUnknown: true, random: () => dice });
    const end = jpush.faults.inject({ fault: knownFaults.internalError, probability: 0.5 });
    expect((await jpush.push(body)).status).toBe(500);
    dice = 0.5;
    expect((await jpush.push(body)).status).toBe(200);
    dice = 0;
    end();
    expect((await jpush.push(body)).status).toBe(200);
    jpush.faults.inject({ fault: knownFaults.internalError });
    jpush.faults.clear();
    expect((await jpush.push(body)).status).toBe(200);
  });
});

it('closes at once although an answer is held back', async () => {
  const jpush = await testJPush({ adoptUnknown: true });
  jpush.faults.inject({ fault: { type: 'stall', ms: 60_000 } });
  const waiting = jpush.push(body);
  waiting.catch(() => {});
  await expect.poll(() => jpush.journal.counts.accepted).toBe(1);
  await jpush.close();
  await expect(waiting).rejects.toThrow();
});
