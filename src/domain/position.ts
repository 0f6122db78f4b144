/** Where an event stands: in the whole log (position) and in its stream (revision). Branded, so that neither is mistaken for a count. */

export type Position = bigint & { readonly __brand: 'Position' };
export type Revision = bigint & { readonly __brand: 'Revision' };

/** Before every event: the position of a reader that has read nothing. */
export const START = 0n as Position;

export function positionOf(value: bigint | number | string): Position {
  return BigInt(value) as Position;
}

export function revisionOf(value: bigint | number | string): Revision {
  return BigInt(value) as Revision;
}

/** A position as text that sorts like the number (20 digits, zero padded). */
export function sortablePosition(position: Position): string {
  return position.toString().padStart(20, '0');
}
