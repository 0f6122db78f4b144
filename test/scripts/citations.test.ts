import { describe, expect, test } from 'vitest';
import { citationFaults, headingsOf, linksOf, pathsOf, slugOf } from '../../scripts/citations/citations.ts';

const headings = headingsOf(
  [
    '# Page',
    '## 2. Rules',
    '### Tokens',
    '## 4. Endpoints',
    '### msgPush and msgPushtry',
    '```md',
    '## 5. In a block',
    '```',
    '## Delivery',
    '### 6.1 Push',
  ].join('\n'),
);
const faultsOf = (text: string, self?: string) =>
  citationFaults(text, (page) => (page === 'docs/page.md' ? headings : undefined), self).faults;

describe('resolve', () => {
  test.each([
    '`docs/page.md §2`',
    '`docs/page.md §2 Tokens`). More',
    'docs/page.md §2, written out',
    'docs/page.md §2 and §4 msgPush: how',
    '`docs/page.md §4 msgPush and msgPushtry`: a',
    '`docs/page.md §4 msgPushtry`',
    'docs/page.md §6.1',
    'docs/page.md §Delivery on dead terminals',
    '/** `docs/page.md §2\n * Tokens` */',
    'RFC 9562 §5.5',
    '`docs/page.md`',
  ])('%s', (text) => expect(faultsOf(text)).toEqual([]));

  test('a section of the page itself', () => expect(faultsOf('see §2 for more', 'docs/page.md')).toEqual([]));
});

describe('lead nowhere', () => {
  test.each([
    'docs/page.md §3',
    'docs/page.md §5',
    'docs/page.md §6',
    'docs/page.md §2 Token',
    'docs/page.md §2 msgPush',
    'docs/page.md §4 register',
    'docs/page.md §Deliver',
    'docs/page.md §2, §7',
    'docs/other.md',
    'see §2',
  ])('%s', (text) => expect(faultsOf(text)).toHaveLength(1));

  test('with their line', () => expect(faultsOf('\n\nx docs/page.md §3')).toMatchObject([{ line: 3 }]));
});

test('anchors are those of GitHub', () => {
  expect(headings.map(slugOf)).toEqual([
    'page',
    '2-rules',
    'tokens',
    '4-endpoints',
    'msgpush-and-msgpushtry',
    'delivery',
    '61-push',
  ]);
});

test('links to files of ours, not into the web', () => {
  expect(linksOf('[a](b.md#c) [d](https://e.example)\n[f](#g)')).toEqual([
    { line: 1, target: 'b.md#c' },
    { line: 2, target: '#g' },
  ]);
});

test('paths that begin at a folder of ours', () => {
  expect(pathsOf('`src/a/<name>.ts` `b/c.ts` `test/{a,b}.ts`').map(({ path }) => path)).toEqual([
    'src/a/*.ts',
    'test/{a,b}.ts',
  ]);
});
