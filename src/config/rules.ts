/**
 * Rules that several variables share. Each message follows the variable's name, and does not repeat the value, since
 * some values are secret.
 */
import { z } from 'zod';

/** A whole number in a range. */
export function whole(min: number, max: number, preset: number) {
  const fits = (text: string): boolean => /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max;
  return z.string().refine(fits, `must be a whole number from ${min} to ${max}`).transform(Number).default(preset);
}

/** A URL that may carry a user and a password. */
export function url(...protocols: string[]) {
  return z.string().refine((text) => fitsUrl(text, protocols), `must be a URL with ${protocols.join(' or ')}`);
}

/** A URL without a user, a password, or a fragment. */
export function plainUrl(...protocols: string[]) {
  const message = `must be a URL with ${protocols.join(' or ')}, without a user part or a fragment`;
  return z.string().refine((text) => fitsPlainUrl(text, protocols), message);
}

/** A plain URL without a query, so that paths can be appended to it. */
export function baseUrl(...protocols: string[]) {
  const message = `must be a URL with ${protocols.join(' or ')}, without a user part, a query or a fragment`;
  return z.string().refine((text) => fitsPlainUrl(text, protocols) && !text.includes('?'), message);
}

function fitsPlainUrl(text: string, protocols: readonly string[]): boolean {
  if (!fitsUrl(text, protocols) || text.includes('#')) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

function fitsUrl(text: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  return protocols.includes(protocol.slice(0, -1)) && hostname !== '' && isEncoded(username) && isEncoded(password);
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
