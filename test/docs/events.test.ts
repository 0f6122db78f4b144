/** `docs/events.md` has every event with each of its fields, and the metadata. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { currentVersion } from '../../src/domain/codec.ts';
import { eventTypes, metadataSchema, schemaOf } from '../../src/domain/events.ts';

const page = readFileSync('docs/events.md', 'utf8');
const sections = page.split(/^(?=#{2,3} )/m);
const sectionOf = (title: string): string => sections.find((section) => section.startsWith(`${title}\n`)) ?? '';
const fieldsOf = (schema: z.ZodType): string[] => Object.keys((schema as z.ZodObject).shape);

/** Sections that say fields of several events. */
const shared: Readonly<Record<string, string>> = {
  ChannelUpdated: '### ChannelRegistered',
  MessageDispatchPrepared: '### Dispatch events',
  MessageDispatched: '### Dispatch events',
  MessageDispatchFailed: '### Dispatch events',
  DispatchRedriven: '### Dispatch events',
  MessageReceived: '## Receipt events',
  MessageDisplayed: '## Receipt events',
  MessageAnswered: '## Receipt events',
};

describe.each(eventTypes)('%s', (type) => {
  const text = sectionOf(`### ${type}`) + sectionOf(shared[type] ?? '');

  test('stands on the page', () => {
    expect(text).toContain(type);
  });

  test('has all of its fields there', () => {
    const missing = fieldsOf(schemaOf(type)).filter((field) => !new RegExp(`\`${field}\\??\``).test(text));
    expect(missing).toEqual([]);
  });
});

test('the metadata has all of its fields', () => {
  const text = sectionOf('## Metadata');
  expect(fieldsOf(metadataSchema).filter((field) => !text.includes(`\`${field}\``))).toEqual([]);
});

test('the page says which types are at another version than 1', () => {
  const later = eventTypes.filter((type) => currentVersion(type) > 1);
  const text = sectionOf('## Versions');
  expect(text.includes('All types are at version 1.')).toBe(later.length === 0);
  expect(later.filter((type) => !text.includes(`\`${type}\``))).toEqual([]);
});
