/** Formats log lines for people who read them on a terminal. Elsewhere the log stays JSON. */

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace ',
  20: 'debug ',
  30: '',
  40: 'WARN ',
  50: 'ERROR ',
  60: 'FATAL ',
};

/** Fields that are shown by themselves, not as `name=value`. */
const SHOWN: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'err',
  'method',
  'path',
  'status',
  'retCode',
  'ms',
]);

type Fields = Readonly<Record<string, unknown>>;

/** @param line the JSON of a log line, or other text, which stays as it is; with its line end */
export function readable(line: string): string {
  const fields = line.startsWith('{') ? parsed(line) : undefined;
  if (fields === undefined) return line;
  const { level, time, msg, err } = fields;
  const more = Object.entries(fields).filter(([name]) => !SHOWN.has(name));
  const parts = [
    clock(time),
    `${LEVELS[Number(level)] ?? ''}${msg === 'request' ? request(fields) : escaped(String(msg))}`,
    ...more.map(([name, value]) => `${name}=${shown(value)}`),
  ];
  return `${parts.join(' ')}\n${trace(err)}`;
}

function parsed(line: string): Fields | undefined {
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
}

/** The time of day in this machine's time zone, like everything else on its terminal. */
function clock(time: unknown): string {
  return new Date(String(time)).toTimeString().slice(0, 8);
}

function request({ method, path, status, retCode, ms }: Fields): string {
  const how = [
    method === 'POST' ? undefined : method,
    path,
    retCode,
    status === 200 ? undefined : `HTTP ${String(status)}`,
  ];
  const known = how.filter((part) => part !== undefined).map((part) => escaped(String(part)));
  return `${known.join(' ')} ${String(ms)} ms`;
}

function trace(err: unknown): string {
  if (typeof err !== 'object' || err === null) return '';
  const { type, message, stack } = err as Fields;
  const text = typeof stack === 'string' ? stack : `${String(type)}: ${String(message)}`;
  return text
    .split('\n')
    .map((one) => `    ${escaped(one.trim())}\n`)
    .join('');
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"=]/.test(text) && typeof value === 'string' ? escaped(JSON.stringify(text)) : escaped(text);
}

/** Devices choose their own names. Control characters in them must not steer the terminal on which the log is read. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is for control characters
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
