/** Which package of the header's app a request speaks of. */
import type { App, AppPackage } from '../domain/apps.ts';
import { type Rejection, reject } from '../domain/result-codes.ts';

type Found = { readonly type: 'package'; readonly package: AppPackage } | Rejection;

/** @returns the package, or H32005 when it is none of the app's */
export function packageOf(app: App, appPackage: string): Found {
  const found = app.packages.find((candidate) => candidate.appPackage === appPackage);
  return found === undefined ? reject('H32005', 'appPackage') : { type: 'package', package: found };
}

/** The package of a request that names none: the app's only one, or B00001 when it has several (`docs/api.md §4 register`). */
export function onlyPackage(app: App): Found {
  const [only] = app.packages;
  return only !== undefined && app.packages.length === 1
    ? { type: 'package', package: only }
    : reject('B00001', 'appPackage');
}
