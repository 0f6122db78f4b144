/** JSON schemas from the zod schemas of an endpoint: for its serialiser, and for a description of the API. */
import { z } from 'zod';

/** JSON schema of an answer's `data`. */
export function answerSchema(data: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(data, { io: 'output', target: 'draft-7' });
  return schema;
}

/** JSON schema of a request's body. */
export function requestSchema(parameters: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(parameters, { io: 'input', target: 'draft-7' });
  return schema;
}
