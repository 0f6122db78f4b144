/**
 * Turns a body's JSON into checked parameters. zod has the schemas of the fields; only this file decides which retCode
 * a broken rule gets (`docs/api.md §2`, the B codes). A schema may name a code itself by giving it as its error
 * message.
 */
import { z } from 'zod';
import { assertNever } from '../../domain/decider.ts';
import { type RefusalCode, type Rejection, reject, retCodes } from '../../domain/result-codes.ts';
import { isObject } from '../http/body.ts';
import { isLongerThan } from '../http/text.ts';

/** Longest text that is stored for a field without a limit of its own, in characters. */
const MAX_TEXT = 1024;

/** An object of parameters. Its fields are in the order of `docs/api.md`, by which the first broken rule answers. */
export type ParameterSchema<P> = z.ZodObject & z.ZodType<P>;

export type Parsed<P> = { readonly type: 'parsed'; readonly value: P } | Rejection;

type Fields = Readonly<Record<string, unknown>>;

/** A rule across fields, or between a field and the caller. It is checked also if other fields are broken. */
export interface Rule {
  /** Its place in the order of the fields decides which broken rule answers. */
  readonly field: string;
  readonly code: RefusalCode;
  /** @param given the body without its absent fields, otherwise unchecked @param clientId the header's */
  readonly isBroken: (given: Fields, clientId: string) => boolean;
}

/** The input of an endpoint. */
export interface Input<P> {
  /** The request's schema. */
  readonly parameters: ParameterSchema<P>;
  /** Other spellings: each replaces its field where that is absent. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly rules?: readonly Rule[];
}

/** @returns the parameters, or the refusal of the first field that breaks a rule, its path as the detail */
export function parseParameters<P>(
  { parameters, aliases, rules = [] }: Input<P>,
  body: Fields,
  clientId: string,
): Parsed<P> {
  const given = renamed(present(body) as Fields, aliases);
  const result = parameters.safeParse(given, { error: codeOf });
  const broken = rules.filter(({ isBroken }) => isBroken(given, clientId));
  if (result.success && broken.length === 0) return { type: 'parsed', value: result.data };
  const issues = (result.error?.issues ?? []).map(({ path, message }) => ({ path, code: message }));
  const all = [...issues, ...broken.map(({ field, code }) => ({ path: [field], code }))];
  const { path, code } = firstOf(all, Object.keys(parameters.shape));
  return reject(isRefusalCode(code) ? code : 'B00004', path.map(String).join('.'));
}

function renamed(given: Fields, aliases: Input<unknown>['aliases']): Fields {
  if (aliases === undefined) return given;
  const fields = { ...given };
  for (const [alias, name] of Object.entries(aliases)) fields[name] ??= given[alias];
  return fields;
}

/** An optional field that is `null` or `""` counts as absent, and so a required one is missing. */
function present(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (!Object.values(value).some(isAbsent)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, field]) => !isAbsent(field)));
}

function isAbsent(field: unknown): boolean {
  return field === null || field === '';
}

/** An id or a name. With a lone surrogate it would not come back from every store as it was (`docs/api.md §3`). */
export const name = z.string().refine((value) => value.isWellFormed(), { error: 'B00004' });

/** A name that is stored: bounded. */
export const storedName = name.refine((value) => !isLongerThan(value, MAX_TEXT), { error: 'B00006' });

/** Any JSON object, untouched. */
export const anyObject = z.unknown().refine(isObject, { error: 'B00002' }).meta({ type: 'object' });

/** A nested object whose absent fields are left out, as in a body. */
export function nested<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (Array.isArray(value) ? NO_OBJECT : present(value)), schema);
}
/** Replaces an array, which a union of objects would accept as one of them. */
const NO_OBJECT = false;

/** 1 to `max` names, duplicates dropped (`docs/api.md §4 msgPush`). */
export function nameList<T extends z.ZodType<string>>(max: number, one: T) {
  return z
    .array(one)
    .min(1, { error: 'B00001' })
    .max(max)
    .transform((names) => [...new Set(names)]);
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly code: string;
}

/** The first by the order of the fields; a list's size comes before its elements. */
function firstOf(issues: readonly Issue[], order: readonly string[]): Issue {
  const rank = ({ path }: Issue): number => order.indexOf(String(path[0]));
  const isBefore = (one: Issue, other: Issue): boolean =>
    rank(one) === rank(other) ? one.path.length < other.path.length : rank(one) < rank(other);
  return issues.reduce((first, issue) => (isBefore(issue, first) ? issue : first));
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
    case 'invalid_union':
      return issue.discriminator === undefined ? 'B00004' : wrongTag(issue.input, issue.discriminator);
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
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

/** The tag of a union of objects is an integer of a small range. */
function wrongTag(input: unknown, field: string): RefusalCode {
  const value = isObject(input) ? input[field] : undefined;
  if (typeof value !== 'number') return wrongType(value);
  return Number.isInteger(value) || !Number.isFinite(value) ? 'B00003' : 'B00002';
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
