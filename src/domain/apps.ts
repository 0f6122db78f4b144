/** The apps that may talk to UMS, their packages, and the provider credentials of each package (`README.md, Configuration`). */

export interface JPushCredentials {
  readonly appKey: string;
  readonly masterSecret: string;
  /** Added to every push of the package beside the message (`docs/api.md §6`). */
  readonly notification?: { readonly alert: string; readonly title?: string | undefined } | undefined;
}

export interface AppPackage {
  readonly appPackage: string;
  readonly jpush?: JPushCredentials | undefined;
}

export interface App {
  readonly appId: string;
  /** The secret that signs its requests; it never travels. */
  readonly appKey: string;
  readonly kind: 'terminal' | 'cloud';
  /** None for a cloud app. */
  readonly packages: readonly AppPackage[];
}

/** All apps, by appId and by package. A package belongs to one app. */
export interface AppDirectory {
  readonly apps: readonly App[];
  app(appId: string): App | undefined;
  package(appPackage: string): AppPackage | undefined;
}

export function appDirectory(apps: readonly App[]): AppDirectory {
  const byId = new Map(apps.map((app) => [app.appId, app]));
  const byPackage = new Map(apps.flatMap((app) => app.packages.map((pack) => [pack.appPackage, pack])));
  return { apps, app: (appId) => byId.get(appId), package: (appPackage) => byPackage.get(appPackage) };
}
