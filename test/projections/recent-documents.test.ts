import { describe, expect, test } from 'vitest';
import { positionOf } from '../../src/domain/position.ts';
import type { Stored } from '../../src/ports/documents.ts';
import { recentDocuments } from '../../src/projections/recent-documents.ts';

const stored = (id: string, position: number, document: object = {}): Stored<object> => ({
  id,
  position: positionOf(position),
  document,
});

describe('recent documents', () => {
  test('are those that were written, as they were written last', () => {
    const recent = recentDocuments<object>();
    recent.written([stored('a', 1), stored('b', 2)], []);
    recent.written(
      [stored('a', 3)],
      ['b', 'nobody'].map((id) => ({ id, position: positionOf(3) })),
    );
    expect(recent.get('a')).toEqual(stored('a', 3));
    expect(recent.get('b')).toBeUndefined();
  });

  test.each([2, 3])('keep the newer version: a put at %s changes nothing in one at 3', (position) => {
    const recent = recentDocuments<object>();
    recent.written([stored('a', 3, { newer: true })], []);
    recent.written([stored('a', position)], []);
    expect(recent.get('a')).toEqual(stored('a', 3, { newer: true }));
  });

  test('are so many at most, the one not used for the longest time goes first', () => {
    const recent = recentDocuments<object>(2, 1000);
    recent.written([stored('a', 1), stored('b', 2)], []);
    recent.get('a');
    recent.written([stored('c', 3)], []);
    expect(['a', 'b', 'c'].map((id) => recent.get(id)?.id)).toEqual(['a', undefined, 'c']);
  });

  test('have a limit of characters in all; one that exceeds it alone is not kept, nor the one that it replaces', () => {
    const recent = recentDocuments<object>(100, 1000);
    const text = 'x'.repeat(400);
    recent.written([stored('a', 1, { text }), stored('b', 2, { deep: { list: [text] } })], []);
    expect(recent.get('a')).toBeDefined();
    recent.written([stored('c', 3, { text })], []);
    expect(['a', 'b', 'c'].map((id) => recent.get(id)?.id)).toEqual(['a', undefined, 'c']);
    recent.written([stored('a', 4, { list: [text, text, text] })], []);
    expect(recent.get('a')).toBeUndefined();
  });
});
