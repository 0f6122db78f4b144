/** `docs/api.md` agrees with each existing endpoint, and its examples are valid. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../../src/api/endpoint/endpoint.ts';
import type { MountPoint } from '../../src/api/endpoint/mount.ts';
import { parseParameters } from '../../src/api/endpoint/parameters.ts';
import { mountUms } from '../../src/api/ums/routes.ts';
import { retCodes, retInfoOf } from '../../src/domain/result-codes.ts';

const page = readFileSync('docs/api.md', 'utf8');

interface Mounted {
  readonly path: string;
  readonly codes: readonly string[];
  /** Whether the endpoint takes this body, sent with this clientId. */
  readonly takes: (body: Readonly<Record<string, unknown>>, clientId: string) => boolean;
}

const mounted: Mounted[] = [];
mountUms(<P, D>({ prefix }: MountPoint, endpoint: Endpoint<P, D>) => {
  const { name, codes } = endpoint;
  mounted.push({
    path: `${prefix}/${name}`,
    codes,
    takes: (body, clientId) => parseParameters(endpoint, body, clientId).type === 'parsed',
  });
});

/** From a heading of level 3 to the next heading. */
function sectionWith(text: string): string {
  return page.split(/^(?=#{2,3} )/m).find((section) => section.includes(text)) ?? '';
}

const jsonBlocks = (text: string): string[] =>
  [...text.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, json = '']) => json);

/** The example that follows a line that begins with this word, and names the endpoint if the section has several. */
function examples(path: string, kind: 'Request' | 'Answer'): unknown[] {
  const name = path.split('/').at(-1) ?? '';
  const section = sectionWith(`\`POST ${path}\``);
  const found = [...section.matchAll(/^(Request|Answer)([^\n]*):\n\n```json\n([\s\S]*?)^```/gm)];
  const several = section.match(/^`POST /gm)?.length !== 1;
  return found
    .filter(([, word, more = '']) => word === kind && (!several || new RegExp(`\\b${name}\\b`).test(more)))
    .map(([, , , json = '']) => JSON.parse(json));
}

test('the endpoints are found', () => {
  expect(mounted.length).toBeGreaterThanOrEqual(7);
});

describe.each(mounted)('$path', ({ path, codes, takes }) => {
  test('stands on the page with the codes that it declares', () => {
    const [, listed] = new RegExp(`^\`POST ${path}\`\\n\\nCodes: ([A-Z0-9 ]+)$`, 'm').exec(page) ?? [];
    expect(listed?.split(' ').sort()).toEqual([...codes].sort());
  });

  test('each of its codes is in the table of codes', () => {
    const table = sectionWith('| retCode | retInfo |');
    for (const code of codes) expect(table).toContain(`| ${code} | ${retInfoOf(code as (typeof retCodes)[number])} |`);
  });

  test('takes the requests of its examples', () => {
    const requests = examples(path, 'Request') as { clientId?: string }[];
    expect(requests).not.toEqual([]);
    for (const request of requests) expect(takes(request, request.clientId ?? 'phone-1')).toBe(true);
  });

  test('has an example of an answer, in the envelope', () => {
    const answers = examples(path, 'Answer');
    expect(answers).not.toEqual([]);
    for (const answer of answers) {
      expect(Object.keys(answer as object)).toEqual(['retCode', 'retInfo', 'data']);
      const { retCode, retInfo } = answer as { retCode: (typeof retCodes)[number]; retInfo: string };
      expect(['00000', ...codes]).toContain(retCode);
      expect(retInfo.split(':')[0]).toBe(retInfoOf(retCode));
    }
  });
});

test('an endpoint that the page says is not there is not there', () => {
  const absent = [...page.matchAll(/\*\*Not there yet\.\*\* `POST ([^`]+)`/g)].map(([, path]) => path);
  expect(absent).not.toEqual([]);
  expect(mounted.map(({ path }) => path).filter((path) => absent.includes(path))).toEqual([]);
});

test('the table of codes is the one that is answered by', () => {
  const rows = [...page.matchAll(/^\| ([0-9A-Z]{5,6}) \| ([^|]+) \|/gm)].map(([, code = '', text = '']) => [
    code,
    text,
  ]);
  expect(rows).toEqual(retCodes.map((code) => [code, retInfoOf(code)]));
});

test.each(jsonBlocks(page).map((json) => [json]))('this example is JSON: %s', (json) => {
  expect(() => JSON.parse(json)).not.toThrow();
});
