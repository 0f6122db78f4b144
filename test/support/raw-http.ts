/** Sends HTTP byte by byte, for requests that no HTTP client would send. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends the text as it is and waits for the server to close, or for a whole answer. */
export function rawRequest(port: number, text: string | Buffer): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  return rawAnswer(socket, () => socket.write(text)).finally(() => socket.destroy());
}

export function rawAnswer(socket: Socket, start: () => void): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let received = '';
    const check = (ended: boolean): void => {
      const answer = parsed(received, ended);
      if (answer !== undefined) resolve(answer);
      else if (ended) reject(new Error(`no whole answer: ${JSON.stringify(received)}`));
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      received += chunk;
      check(false);
    });
    socket.once('end', () => check(true));
    socket.once('close', () => check(true));
    socket.once('error', reject);
    start();
  });
}

function parsed(text: string, ended: boolean): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  // 100 Continue is not the answer yet.
  if (/^HTTP\/1\.1 1\d\d/.test(text)) return parsed(text.slice(end + 4), ended);
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = text.slice(end + 4);
  const length = Number(headers['content-length']);
  if (!ended && !(Buffer.byteLength(body) >= length)) return undefined;
  return { status: Number(statusLine.split(' ')[1]), headers, body };
}
