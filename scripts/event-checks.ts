/**
 * Writes `src/domain/event-checks.ts`: the schemas of events (`src/domain/events.ts`) as flat code, which checks and copies
 * an event in a fraction of the time. Run it after a schema has changed: `npm run event-checks`; a test holds the two together.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { eventTypes, metadataSchema, schemaOf } from '../src/domain/events.ts';

const FILE = fileURLToPath(new URL('../src/domain/event-checks.ts', import.meta.url));

/** As zod 4 describes a schema to tools. */
interface Definition {
  readonly type: string;
  readonly check?: string;
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly checks?: readonly { readonly _zod: { readonly def: Readonly<Record<string, unknown>> } }[];
}

const definitionOf = (schema: z.ZodType): Definition => schema._zod.def as unknown as Definition;

/** The functions written so far: their text with the name left out, and the name. */
class Module {
  readonly #names = new Map<string, string>();
  readonly #patterns = new Map<string, string>();
  readonly lines: string[] = [];

  /** @returns the name of a constant for the pattern */
  pattern(pattern: RegExp): string {
    const text = String(pattern);
    const name = this.#patterns.get(text) ?? `pattern${this.#patterns.size + 1}`;
    if (!this.#patterns.has(text)) this.lines.push(`const ${name} = ${text};`, '');
    this.#patterns.set(text, name);
    return name;
  }

  /** @returns the name of a function with that body; the same one for schemas that are the same */
  function(wanted: string, body: readonly string[]): string {
    const text = body.join('\n');
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `${wanted}Of`;
    this.#names.set(text, name);
    this.lines.push(`function ${name}(value: unknown): unknown {`, ...body.map((line) => `  ${line}`), '}', '');
    return name;
  }
}

/** What an expression of a value must be, and the copy of it that is passed on: itself where it is no object. */
interface Checked {
  /** True for a value that is refused. */
  readonly refused: string;
  /** Set for objects and arrays: a function that gives the copy, or `undefined` if the value is refused. */
  readonly copiedBy?: string;
}

function check(module: Module, schema: z.ZodType, value: string, name: string): Checked {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'string':
      return { refused: anyOf(`typeof ${value} !== 'string'`, ...stringChecks(module, definition, value)) };
    case 'number':
      if (definition.format !== 'safeint') throw new Error(`${name}: numbers are integers`);
      return { refused: anyOf(`!Number.isSafeInteger(${value})`, ...numberChecks(definition, `(${value} as number)`)) };
    case 'enum':
      return { refused: noneOf(value, Object.values(definition.entries ?? {})) };
    case 'literal':
      return { refused: noneOf(value, definition.values ?? []) };
    case 'union':
      return { refused: noneOf(value, (definition.options ?? []).flatMap(literalsOf)) };
    case 'array':
      return { refused: '', copiedBy: module.function(name, arrayBody(module, definition, name)) };
    case 'object':
      return { refused: '', copiedBy: module.function(name, objectBody(module, definition, name)) };
    default:
      throw new Error(`${name}: nothing is known of the schema type ${definition.type}`);
  }
}

function literalsOf(schema: z.ZodType): readonly unknown[] {
  const { type, values } = definitionOf(schema);
  if (type !== 'literal' || values === undefined) throw new Error('unions are of literals');
  return values;
}

function anyOf(...conditions: string[]): string {
  return conditions.join(' || ');
}

function noneOf(value: string, values: readonly unknown[]): string {
  return values.map((one) => `${value} !== ${literal(one)}`).join(' && ');
}

function literal(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (!/^[\w -]*$/.test(value)) throw new Error(`${value} needs escapes`);
  return `'${value}'`;
}

function stringChecks(module: Module, { format, pattern, checks = [] }: Definition, value: string): string[] {
  const conditions = checks.map(({ _zod: { def } }) => {
    switch (def.check) {
      case 'min_length':
        return def.minimum === 1 ? `${value} === ''` : `${value}.length < ${def.minimum}`;
      case 'max_length':
        return `${value}.length > ${def.maximum}`;
      case 'length_equals':
        return `${value}.length !== ${def.length}`;
      case 'string_format':
        return `!${module.pattern(def.pattern as RegExp)}.test(${value})`;
      default:
        throw new Error(`nothing is known of the check ${def.check}`);
    }
  });
  if (format !== undefined && pattern === undefined) throw new Error(`nothing is known of the format ${format}`);
  return pattern === undefined ? conditions : [...conditions, `!${module.pattern(pattern)}.test(${value})`];
}

function numberChecks({ checks = [] }: Definition, value: string): string[] {
  return checks.map(({ _zod: { def } }) => {
    const [below, above] = def.inclusive === true ? ['<', '>'] : ['<=', '>='];
    if (def.check === 'greater_than') return `${value} ${below} ${def.value}`;
    if (def.check === 'less_than') return `${value} ${above} ${def.value}`;
    throw new Error(`nothing is known of the check ${def.check}`);
  });
}

function arrayBody(module: Module, { element, checks = [] }: Definition, name: string): string[] {
  if (element === undefined) throw new Error(`${name}: an array of nothing`);
  const { refused, copiedBy } = check(module, element, 'item', `${name}Item`);
  const sizes = checks.map(({ _zod: { def } }) => {
    if (def.check === 'min_length') return `value.length < ${def.minimum}`;
    if (def.check === 'max_length') return `value.length > ${def.maximum}`;
    throw new Error(`nothing is known of the check ${def.check}`);
  });
  return [
    `if (${anyOf('!Array.isArray(value)', ...sizes)}) return undefined;`,
    'const items: unknown[] = [];',
    'for (const item of value) {',
    ...(copiedBy === undefined
      ? [`  if (${refused}) return undefined;`, '  items.push(item);']
      : [`  const copy = ${copiedBy}(item);`, '  if (copy === undefined) return undefined;', '  items.push(copy);']),
    '}',
    'return items;',
  ];
}

function objectBody(module: Module, { shape = {} }: Definition, name: string): string[] {
  const fields = Object.entries(shape).map(([key, field]) => {
    if (!/^[a-z]\w*$/i.test(key)) throw new Error(`${name}: ${key} is no plain name`);
    const { type, innerType } = definitionOf(field);
    const isOptional = type === 'optional';
    const inner = isOptional ? (innerType as z.ZodType) : field;
    return { key, isOptional, ...check(module, inner, key, `${name}${key.charAt(0).toUpperCase()}${key.slice(1)}`) };
  });
  const lines = [
    'if (!isObject(value)) return undefined;',
    `const { ${fields.map(({ key }) => key).join(', ')} } = value;`,
  ];
  for (const { key, isOptional, refused, copiedBy } of fields) {
    if (copiedBy === undefined) {
      lines.push(`if (${isOptional ? `${key} !== undefined && (${refused})` : refused}) return undefined;`);
      continue;
    }
    lines.push(
      `const ${key}Copy = ${copiedBy}(${key});`,
      `if (${isOptional ? `${key} !== undefined && ` : ''}${key}Copy === undefined) return undefined;`,
    );
  }
  // In the schema's order, so that what is stored is the same text as zod's.
  lines.push('const copy: Fields = {};');
  for (const { key, isOptional, copiedBy } of fields) {
    const assigned = `copy.${key} = ${copiedBy === undefined ? key : `${key}Copy`};`;
    lines.push(isOptional ? `if (${key} !== undefined) ${assigned}` : assigned);
  }
  return [...lines, 'return copy;'];
}

/** The whole file. */
export function eventChecks(): string {
  const module = new Module();
  const named = (schema: z.ZodType, name: string): string => {
    const { copiedBy } = check(module, schema, 'value', name);
    if (copiedBy === undefined) throw new Error(`${name} is no object`);
    return copiedBy;
  };
  const metadata = named(metadataSchema, 'metadata');
  const entries = eventTypes.map((type) => `  ${type}: ${named(schemaOf(type), type)},`);
  return `/**
 * Written by \`npm run event-checks\` from the schemas in \`events.ts\`: change those. Each function gives a copy of a value
 * with the fields that its schema knows, or \`undefined\` if the value breaks the schema.
 */
import type { EventType } from './events.ts';

interface Fields {
  [field: string]: unknown;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

${module.lines.join('\n')}
export const checkMetadata = ${metadata};

export const checkData: Readonly<Record<EventType, (value: unknown) => unknown>> = {
${entries.join('\n')}
};
`;
}

/** The file as it is. */
export function writtenEventChecks(): string {
  return readFileSync(FILE, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, eventChecks());
