/** Makes the SQL for a page of a collection in an index's order, and the cursors that lead to the next page. */
import type { FindOptions } from '../../../ports/documents.ts';

type Cursor = readonly [key: string, sort: string, id: string];

export function cursorOf(row: { k: string; s: string; id: string }): string {
  return JSON.stringify([row.k, row.s, row.id] satisfies Cursor);
}

export function parseCursor(cursor: string | undefined): Cursor | undefined {
  return cursor === undefined ? undefined : (JSON.parse(cursor) as Cursor);
}

export function pageStatement(
  table: string,
  { index, key, upTo, direction = 'ascending' }: FindOptions,
  cursor: Cursor | undefined,
): { sql: string; parameters: string[] } {
  const columns = `k_${index}, s_${index}, id`;
  const conditions: string[] = [`k_${index} IS NOT NULL`];
  const parameters: string[] = [];
  if (key !== undefined) {
    conditions.push(`k_${index} = ?`);
    parameters.push(key);
  }
  if (upTo !== undefined) {
    conditions.push(`k_${index} <= ?`);
    parameters.push(upTo);
  }
  if (cursor !== undefined) {
    conditions.push(`(${columns}) ${direction === 'ascending' ? '>' : '<'} (?, ?, ?)`);
    parameters.push(...cursor);
  }
  const order = direction === 'ascending' ? 'ASC' : 'DESC';
  const sql = `SELECT id, position, document, k_${index} AS k, s_${index} AS s FROM ${table}
    WHERE ${conditions.join(' AND ')} ORDER BY k_${index} ${order}, s_${index} ${order}, id ${order} LIMIT ?`;
  return { sql, parameters };
}
