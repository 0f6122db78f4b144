/** A stand-in for the service's API: it records its requests and gives the answers that a test sets. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ApiCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FakeApi {
  readonly url: string;
  readonly calls: readonly ApiCall[];
}

/** An answer is a retCode, or an HTTP status. */
export async function fakeApi(
  answer: (call: ApiCall, index: number) => string | number = () => '00000',
): Promise<FakeApi> {
  const calls: ApiCall[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const call = { path: request.url ?? '', headers: request.headers, body: JSON.parse(body) };
    calls.push(call);
    const said = answer(call, calls.length - 1);
    if (typeof said === 'number') response.writeHead(said).end('{}');
    else response.end(JSON.stringify({ retCode: said, retInfo: 'text', data: null }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls };
}
