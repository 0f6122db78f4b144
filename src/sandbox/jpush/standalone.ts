/**
 * The look-alike as a process of its own, for load tests:
 * `node src/sandbox/jpush/standalone.ts --app KEY:SECRET [--port 0] [--rate 600] [--cids 10] [--adopt-unknown] [--vip]`.
 * Prints its URL as one line, `GET /sandbox/counts` tells what it accepted, SIGTERM ends it.
 */
import { parseArgs } from 'node:util';
import { startJPush } from './server.ts';
import type { JPushApp } from './types.ts';

const { values } = parseArgs({
  options: {
    /** `KEY:SECRET`, any number of them. */
    app: { type: 'string', multiple: true, default: [] },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    /** Calls a minute for each app; 0: no limit. */
    rate: { type: 'string', default: '600' },
    cids: { type: 'string', default: '10' },
    journal: { type: 'string', default: '1000' },
    'adopt-unknown': { type: 'boolean', default: false },
    vip: { type: 'boolean', default: false },
  },
});

const jpush = await startJPush({
  apps: values.app.map(credentials),
  host: values.host,
  port: Number(values.port),
  callsPerMinute: Number(values.rate) || Number.POSITIVE_INFINITY,
  cidsPerCall: Number(values.cids),
  journalSize: Number(values.journal),
  adoptUnknown: values['adopt-unknown'],
  vip: values.vip,
});

process.once('SIGTERM', () => void jpush.close());
process.once('SIGINT', () => void jpush.close());
process.stdout.write(`${jpush.url}\n`);

function credentials(pair: string): JPushApp {
  const [appKey, masterSecret] = pair.split(':');
  if (!appKey || !masterSecret) throw new Error('--app takes KEY:SECRET');
  return { appKey, masterSecret };
}
