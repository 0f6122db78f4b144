/** Finds the user of a token (`docs/api.md §2 Tokens`). */
export interface VerifiedToken {
  readonly userId: string;
  /** The client that the token was issued to, if the token names one. */
  readonly clientId?: string | undefined;
}

export type TokenVerdict =
  | { readonly type: 'verified'; readonly token: VerifiedToken }
  /** D00003: no token at all, a wrong signature, no `sub`, no `exp`, not active. */
  | { readonly type: 'invalid' }
  /** D00004: expired by its own `exp`. */
  | { readonly type: 'expired' };

export interface TokenVerifier {
  /** @throws DeadlineExceeded if the endpoint that verifies tokens is away, is silent, or answers nonsense (A00003) */
  verify(token: string): Promise<TokenVerdict>;
  close(): Promise<void>;
}
