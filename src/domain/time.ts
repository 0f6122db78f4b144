/** Times as the contract shows them, in the service's time zone. */

/** Formats instants of one IANA zone; a zone's offset is looked up once per quarter of an hour. */
export interface ZonedTime {
  /** `yyyy-MM-dd HH:mm:ss` of an instant in ms since 1970 or as ISO text. */
  display(instant: number | string): string;
  /** `yyyyMMddHHmmssSSS` of an instant in ms since 1970, at the zone's standard offset all year: it never steps back. */
  stamp(instant: number): string;
}

/** Zones change their offset on quarters of an hour, counted in UTC. */
const QUARTER_MS = 15 * 60_000;

/**
 * The standard offset of a zone is its lower one of these two instants, one of which is winter on each half of the earth.
 * They never change: a zone that is given another standard time some day keeps its stamps in order.
 */
const MIDWINTERS = [Date.UTC(2026, 0, 1), Date.UTC(2026, 6, 1)];

/** @throws RangeError for a zone that is not known */
export function zonedTime(timeZone: string): ZonedTime {
  const offsetOf = offsetLookup(timeZone);
  const standardOffset = Math.min(...MIDWINTERS.map(offsetOf));
  const local = (instant: number): string => new Date(instant + offsetOf(instant)).toISOString();
  return {
    display(instant) {
      const text = local(typeof instant === 'number' ? instant : Date.parse(instant));
      return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
    },
    stamp(instant) {
      return new Date(instant + standardOffset).toISOString().replace(/[^0-9]/g, '');
    },
  };
}

function offsetLookup(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  let quarter = Number.NaN;
  let offset = 0;
  return (instant) => {
    const wanted = Math.floor(instant / QUARTER_MS);
    if (wanted !== quarter) {
      const start = wanted * QUARTER_MS;
      const parts = Object.fromEntries(format.formatToParts(start).map(({ type, value }) => [type, Number(value)]));
      const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
      offset = Date.UTC(year, month - 1, day, hour, minute, second) - start;
      quarter = wanted;
    }
    return offset;
  };
}
