/** Faults on purpose (`docs/jpush.md §13`, point 11). */

export type Fault =
  /** Refused with this code; `numericMsgId` puts a `msg_id` beside the error as old answers had it, a JSON number. */
  | {
      readonly type: 'error';
      readonly status: number;
      readonly code: number;
      readonly message?: string;
      readonly numericMsgId?: boolean;
    }
  /** Accepted at once, answered after `ms`: the push counts even if its caller gives up earlier. */
  | { readonly type: 'stall'; readonly ms: number }
  /** Nothing happens for `ms`, then the call is served as usual. */
  | { readonly type: 'hang'; readonly ms: number }
  /** The connection breaks with no answer, before the push is accepted or after. */
  | { readonly type: 'reset'; readonly accepted: boolean }
  /** A gateway's page instead of an answer. */
  | { readonly type: 'html'; readonly status: number }
  /** Accepted, with an answer that can't be parsed. */
  | { readonly type: 'garble' };

/** Faults that the real JPush is known for. */
export const knownFaults = {
  internalError: { type: 'error', status: 500, code: 1000, message: 'Internal error' },
  internalTimeout: { type: 'error', status: 503, code: 1030, message: 'Internal service timeout' },
  blackList: { type: 'error', status: 403, code: 2003, message: 'The appKey is in black list.' },
  ipNotAllowed: { type: 'error', status: 403, code: 2004, message: 'The IP is not in the white list.' },
  badGateway: { type: 'html', status: 502 },
} as const satisfies Record<string, Fault>;

export interface FaultRule {
  readonly fault: Fault;
  /** Which calls it may hit; `push` by default. */
  readonly on?: 'push' | 'cid';
  /** Only this app's calls. */
  readonly appKey?: string;
  /** How often it strikes; unlimited by default. */
  readonly times?: number;
  /** The share of those calls that it does hit; 1 by default. */
  readonly probability?: number;
}

export interface Faults {
  /** The first rule that fits a call strikes. @returns a function that ends the rule early */
  inject(rule: FaultRule): () => void;
  clear(): void;
  /** How many rules may still strike. */
  pending(): number;
  /** The fault for this call, if any. */
  strike(on: 'push' | 'cid', appKey: string): Fault | undefined;
}

export function faults(random: () => number): Faults {
  let rules: { readonly rule: FaultRule; left: number }[] = [];
  return {
    inject(rule) {
      const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
      rules.push(entry);
      return () => {
        rules = rules.filter((other) => other !== entry);
      };
    },
    clear() {
      rules = [];
    },
    pending: () => rules.length,
    strike(on, appKey) {
      if (rules.length === 0) return undefined;
      const entry = rules.find(
        ({ rule }) =>
          (rule.on ?? 'push') === on &&
          (rule.appKey ?? appKey) === appKey &&
          (rule.probability === undefined || random() < rule.probability),
      );
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) rules = rules.filter((other) => other !== entry);
      return entry.rule.fault;
    },
  };
}
