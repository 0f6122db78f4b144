/** A logger that keeps the errors. */
export interface LoggedError {
  readonly fields: { readonly err?: Error };
  readonly text: string;
}

export function errorLog() {
  const errors: LoggedError[] = [];
  const nothing = (): void => undefined;
  const error = (fields: object, text: string): void => void errors.push({ fields, text });
  return { errors, logger: { debug: nothing, info: nothing, warn: nothing, error } };
}
