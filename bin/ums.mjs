#!/usr/bin/env node
import { setImmediate as turn } from 'node:timers/promises';
import { requireNode } from './require-node.mjs';
import { stopEarly } from './stop-early.mjs';

const onHearing = process.argv[2] === 'serve' ? stopEarly() : () => {};
requireNode();
const { run } = await import('../src/main.ts');
// Loading blocks: a signal that came meanwhile is handled now, before anything is made.
await turn();
await run(onHearing);
