/**
 * From a body's JSON to checked parameters. The fields' schemas are zod's; which retCode a broken rule answers is decided
 * here, in one place (`docs/api.md §2`, the B codes). A schema may name a code itself by giving it as its error message.
 */
import { z } from 'zod';
import { assertNever } from '../../domain/decider.ts';
import { type RefusalCode, type Rejection, reject, retCodes } from '../../domain/result-codes.ts';
import { isObject } from '../http/body.ts';
import { isLongerThan } from '../http/text.ts';

/** Longest text that is stored for a field without a limit of its own, in characters. */
const MAX_TEXT = 1024;

/** An object of parameters; the order of its fields is that of the contract, by which the first broken rule answers. */
export type ParameterSchema<P> = z.ZodObject & z.ZodType<P>;

export type Parsed<P> = { readonly type: 'parsed'; readonly value: P } | Rejection;

/** What the rules need beside the body (the header's clientId, say); shadows fields of the same name. */
export type Facts = (body: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/**
 * @param facts is given the body without its absent fields
 * @returns the parameters, or the refusal of the first field that breaks a rule, its path as the detail
 */
export function parseParameters<P>(
  schema: ParameterSchema<P>,
  body: Readonly<Record<string, unknown>>,
  facts?: Facts,
): Parsed<P> {
  const given = present(body) as Record<string, unknown>;
  const result = schema.safeParse(facts === undefined ? given : { ...given, ...facts(given) }, { error: codeOf });
  if (result.success) return { type: 'parsed', value: result.data };
  const issue = firstIssue(result.error.issues, Object.keys(schema.shape));
  return reject(isRefusalCode(issue.message) ? issue.message : 'B00004', issue.path.map(String).join('.'));
}

/** An optional field that is `null` or `""` counts as absent, and so a required one is missing. */
export function present(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (!Object.values(value).some(isAbsent)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => !isAbsent(field)));
}

function isAbsent(field: unknown): boolean {
  return field === null || field === '';
}

/** Text that is stored: bounded. */
export const text = z.string().refine((value) => !isLongerThan(value, MAX_TEXT), { error: 'B00006' });

/** Any JSON object, untouched. */
export const anyObject = z.unknown().refine(isObject, { error: 'B00002' });

/** 1 to `max` names, duplicates dropped; counted before anything else is looked at (`docs/api.md §4 msgPush`). */
export function nameList<T extends z.ZodType<string>>(max: number, name: T) {
  return z
    .array(z.unknown())
    .min(1, { error: 'B00001' })
    .max(max)
    .pipe(z.array(name))
    .transform((names) => [...new Set(names)]);
}

function firstIssue(issues: readonly z.core.$ZodIssue[], order: readonly string[]): z.core.$ZodIssue {
  const rank = ({ path }: z.core.$ZodIssue): number => order.indexOf(String(path[0]));
  return issues.reduce((first, issue) => (rank(issue) < rank(first) ? issue : first));
}

function codeOf(issue: z.core.$ZodRawIssue): RefusalCode {
  switch (issue.code) {
    case 'invalid_type':
      return isBeyondDoubles(issue) ? 'B00003' : wrongType(issue.input);
    case 'invalid_value':
      return issue.values.some((value) => typeof value === typeof issue.input) ? 'B00003' : wrongType(issue.input);
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array' ? 'B00006' : 'B00003';
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? 'B00004' : 'B00003';
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return 'B00004';
    default:
      return assertNever(issue);
  }
}

/** A number, but out of range: `JSON.parse` makes an infinity of `1e400`. */
function isBeyondDoubles({ expected, input }: { readonly expected: string; readonly input?: unknown }): boolean {
  return expected === 'number' && typeof input === 'number' && !Number.isFinite(input);
}

function wrongType(input: unknown): RefusalCode {
  return input === undefined ? 'B00001' : 'B00002';
}

function isRefusalCode(text: string): text is RefusalCode {
  return text !== '00000' && (retCodes as readonly string[]).includes(text);
}

/** Codes that an endpoint answers only if they are in its list. */
const substituted: readonly RefusalCode[] = ['B00002', 'B00003', 'B00006'];

/** Where a parameter code is not in the endpoint's list, B00004 stands in for it. */
export function withStandIn<R extends Rejection>(rejection: R, codes: readonly RefusalCode[]): R {
  const { code } = rejection;
  return substituted.includes(code) && !codes.includes(code) ? { ...rejection, code: 'B00004' } : rejection;
}
