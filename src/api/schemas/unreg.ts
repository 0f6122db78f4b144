/** `contract.md §4 unreg` */
import { z } from 'zod';

/** Texts are not bounded: what is not known is refused by what it should be. */
export const unregParameters = z.object({ appPackage: z.string() });
export type UnregParameters = z.output<typeof unregParameters>;
