/** A benchmark of a service that loses messages says nothing: at the end all three books must agree. */
import type { Stage } from './stage.ts';

/** @throws Error with the figures when they don't */
export async function checkAccounts({ taken, observer, counts }: Stage): Promise<void> {
  await observer.drained();
  const provider = await counts();
  const shown = observer.countByStatus();
  const agrees =
    provider.accepted === taken.messages &&
    provider.targets === taken.targets &&
    Object.keys(provider.refused).length === 0 &&
    shown['1'] === taken.messages &&
    Object.keys(shown).length === 1;
  if (agrees) return;
  throw new Error(
    `accounts differ: answered ${JSON.stringify(taken)}, provider ${JSON.stringify(provider)}, read model ${JSON.stringify(shown)}`,
  );
}
