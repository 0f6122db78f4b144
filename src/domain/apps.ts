/** The apps that may talk to UMS, their packages, and the provider account of each package (`README.md, Configuration`). */

/** The app at JPush that reaches the terminals of a package, and how to push with it (`docs/api.md §6`). */
export interface JPushAccount {
  readonly appKey: string;
  readonly masterSecret: string;
  /** Seconds. The longest that the account's tier lets JPush keep a message; `DEFAULT_MAX_TIME_TO_LIVE` by default. */
  readonly maxTimeToLive?: number | undefined;
  /** `false` for a development build on iOS; `true` by default. */
  readonly apnsProduction?: boolean | undefined;
  /** Pushed with every message, never with a control. */
  readonly notification?: JPushNotification | undefined;
  /** Passed on in JPush's `options`. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** The limit of JPush's free tier, in seconds (`docs/jpush.md §14`). */
export const DEFAULT_MAX_TIME_TO_LIVE = 259_200;

/** A notification in the tray, for a terminal whose app is in the background and does not get the message itself. */
export interface JPushNotification {
  readonly alert: string;
  readonly title?: string | undefined;
  /** iOS is silent without one. */
  readonly sound?: string | undefined;
  /** iOS: a number, or a change such as `+1`. */
  readonly badge?: number | string | undefined;
  /** The vendor's classification, on Android and HarmonyOS. */
  readonly category?: string | undefined;
  /** The page that a tap opens, on Android and HarmonyOS. */
  readonly intent?: string | { readonly url: string } | undefined;
  /** Android's notification channel. */
  readonly channelId?: string | undefined;
  /** `offline`: only where the message itself does not get through. `always` by default. */
  readonly when?: 'always' | 'offline' | undefined;
}

export interface AppPackage {
  readonly appPackage: string;
  readonly jpush?: JPushAccount | undefined;
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
