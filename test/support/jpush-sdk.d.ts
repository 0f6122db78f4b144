/** The parts of the official Node.js SDK that tests use; it comes without declarations. */
declare module 'jpush-sdk' {
  export interface Payload {
    setPlatform(...platforms: string[]): Payload;
    setAudience(...audience: unknown[]): Payload;
    setNotification(...parts: unknown[]): Payload;
    setMessage(content: string, title?: string | null, contentType?: string | null, extras?: object): Payload;
    setOptions(
      sendno: number | null,
      timeToLive: number | null,
      overrideMsgId?: number | null,
      apnsProduction?: boolean | null,
    ): Payload;
    toJSON(): string;
    send(done: Done): void;
    sendValidate(done: Done): void;
  }
  export type Done = (error: (Error & { httpCode?: number; response?: string }) | null, answer?: Answer) => void;
  export interface Answer {
    readonly sendno: string;
    readonly msg_id: string;
  }
  interface Sdk {
    readonly ALL: string;
    buildClient(appKey: string, masterSecret: string): { push(): Payload };
    tag(...tags: string[]): unknown;
    tag_and(...tags: string[]): unknown;
    alias(...aliases: string[]): unknown;
    registration_id(...ids: string[]): unknown;
    android(alert: string, title?: string | null, builderId?: number | null, extras?: object): unknown;
    ios(
      alert: string | object,
      sound?: string | null,
      badge?: number | string | null,
      contentAvailable?: boolean | null,
      extras?: object,
    ): unknown;
  }
  const sdk: Sdk;
  export default sdk;
}
