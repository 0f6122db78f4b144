/** How a terminal reads the content of a push (`docs/api.md §6`). */

export type Incoming =
  | { readonly type: 'message'; readonly msgId: string }
  | { readonly type: 'control'; readonly msgId: string; readonly control: 'cancel' | 'erase' }
  | { readonly type: 'unreadable' };

const unreadable: Incoming = { type: 'unreadable' };

export function readIncoming(content: string | undefined): Incoming {
  const { msgId, message, control } = parse(content);
  if (typeof msgId !== 'string') return unreadable;
  if (control === 'cancel' || control === 'erase') return { type: 'control', msgId, control };
  return typeof message === 'object' && message !== null ? { type: 'message', msgId } : unreadable;
}

function parse(content: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(content ?? '');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
