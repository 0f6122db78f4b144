/** The device API (`docs/jpush.md §10`), as far as it is about single terminals: tags, alias, mobile; online or not. */
import { zonedTime } from '../../domain/time.ts';
import type { Registry } from './registry.ts';
import { empty, json, type Reply, refused } from './reply.ts';
import { isObject, type JsonObject, makeRoom, parseObject, refusal } from './types.ts';

const MAX_DEVICES = 10_000;
const MAX_CHANGED_TAGS = 100;
const MAX_TAGS = 1000;
const MAX_ASKED = 1000;
/** How long after it left a terminal still counts as online, and how long it is told when that was; in ms. */
const ONLINE_MS = 600_000;
const TOLD_MS = 2 * 24 * 3_600_000;

interface Device {
  tags: readonly string[];
  alias: string | null;
  mobile: string | null;
}

export interface Devices {
  /** `GET` and `POST /v3/devices/{registration id}`. */
  device(appKey: string, id: string, change?: string): Reply;
  /** `POST /v3/devices/status`. */
  status(appKey: string, text: string): Reply;
}

const badParameter = refused(refusal(400, 7002, 'Invalid parameter'));

const time = zonedTime('Asia/Shanghai');

export function devices(registry: Registry, vip: boolean, now: () => number): Devices {
  const byId = new Map<string, Device>();

  const deviceOf = (key: string): Device => byId.get(key) ?? { tags: [], alias: null, mobile: null };

  const change = (key: string, body: JsonObject): Reply => {
    const changed = changedDevice(deviceOf(key), body);
    if (changed === undefined) return badParameter;
    makeRoom(byId, MAX_DEVICES);
    byId.set(key, changed);
    return empty;
  };

  return {
    device(appKey, id, text) {
      if (registry.standing(appKey, id) !== 'live') return badParameter;
      const key = `${appKey} ${id}`;
      if (text === undefined) return json(200, deviceOf(key));
      const body = parseObject(text);
      return body === undefined ? badParameter : change(key, body);
    },
    status(appKey, text) {
      if (!vip) return refused(refusal(403, 2006, 'This API is for VIP only'));
      const ids = parseObject(text)?.registration_ids;
      if (!Array.isArray(ids) || ids.length > MAX_ASKED || !ids.every((id) => typeof id === 'string'))
        return badParameter;
      return json(200, Object.fromEntries(ids.map((id) => [id, statusOf(registry, appKey, id, now())])));
    },
  };
}

/** Of an id that is nobody's, nothing. */
function statusOf(registry: Registry, appKey: string, id: string, now: number): object {
  if (registry.standing(appKey, id) !== 'live') return {};
  const last = registry.lastOnline(id);
  const age = last === undefined ? Number.POSITIVE_INFINITY : now - last;
  return {
    online: age < ONLINE_MS,
    ...(last !== undefined && age < TOLD_MS && { last_online_time: time.display(last) }),
  };
}

/** @returns `undefined` for a body that is not fit */
function changedDevice(device: Device, { tags, alias = device.alias, mobile = device.mobile }: JsonObject) {
  const changed = tags === undefined ? device.tags : changedTags(device.tags, tags);
  if (changed === undefined || !isTextOrNull(alias) || !isTextOrNull(mobile)) return undefined;
  return { tags: changed, alias: alias === '' ? null : alias, mobile: mobile === '' ? null : mobile };
}

/** An empty text takes all of them away. */
function changedTags(tags: readonly string[], change: unknown): readonly string[] | undefined {
  if (change === '') return [];
  if (!isObject(change)) return undefined;
  const { add = [], remove = [] } = change;
  if (!isTags(add) || !isTags(remove)) return undefined;
  const changed = [...new Set([...tags, ...add])].filter((tag) => !remove.includes(tag));
  return changed.length > MAX_TAGS ? undefined : changed;
}

function isTags(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= MAX_CHANGED_TAGS && value.every((tag) => typeof tag === 'string');
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
