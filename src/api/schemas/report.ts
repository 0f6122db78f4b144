/** `contract.md §4 report` */
import { z } from 'zod';
import type { ReportedStatus } from '../../domain/status.ts';

/** Texts are not bounded: what is not known is refused by what it should be. */
export const reportParameters = z.object({
  appPackage: z.string(),
  msgId: z.string(),
  status: z
    .int()
    .min(2)
    .max(4)
    .transform((value) => value as ReportedStatus),
});
export type ReportParameters = z.output<typeof reportParameters>;
