// SPDX-License-Identifier: Apache-2.0
// Instants shown in a named time zone. Formatters are costly to build, so each one is made once and kept.

const cache = new Map<string, Intl.DateTimeFormat>();
const CACHE_MAX = 200;

export function formatter(locale: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale}|${zone}|${JSON.stringify(options)}`;
  let f = cache.get(key);
  if (!f) {
    if (cache.size >= CACHE_MAX) cache.clear();
    f = new Intl.DateTimeFormat(locale, { ...options, timeZone: validZone(zone) });
    cache.set(key, f);
  }
  return f;
}

const zones = new Map<string, string>();

/** The zone itself when the browser knows it, else UTC: a new zone name must not blank the page. */
export function validZone(zone: string | null | undefined): string {
  if (!zone) return 'UTC';
  let known = zones.get(zone);
  if (known === undefined) {
    try {
      new Intl.DateTimeFormat('en', { timeZone: zone });
      known = zone;
    } catch {
      known = 'UTC';
    }
    zones.set(zone, known);
  }
  return known;
}

export interface LocalParts {
  /** Local date, "2026-03-29". */
  date: string;
  hour: number;
  minute: number;
}

export function localParts(utc: string | number | Date, zone: string): LocalParts {
  const f = formatter('en-GB', zone, {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  });
  const p: Record<string, string> = {};
  for (const part of f.formatToParts(new Date(utc))) p[part.type] = part.value;
  return { date: `${p['year']}-${p['month']}-${p['day']}`, hour: Number(p['hour']), minute: Number(p['minute']) };
}

/** Minutes that the zone is ahead of UTC at this instant (330 in India). */
export function offsetMinutes(utc: string | number | Date, zone: string): number {
  const ms = Math.floor(new Date(utc).getTime() / 60_000) * 60_000;
  const p = localParts(ms, zone);
  const asUtc = Date.parse(`${p.date}T${String(p.hour).padStart(2, '0')}:${String(p.minute).padStart(2, '0')}:00Z`);
  return (asUtc - ms) / 60_000;
}

export function offsetText(utc: string | number | Date, zone: string): string {
  const m = offsetMinutes(utc, zone);
  const a = Math.abs(m);
  return `UTC${m < 0 ? '−' : '+'}${String(Math.floor(a / 60)).padStart(2, '0')}:${String(a % 60).padStart(2, '0')}`;
}

/** A local date as a Date whose UTC fields are that date, for formatting with zone UTC. */
export function dateOnly(date: string): Date {
  return new Date(`${date}T00:00:00Z`);
}

/** The moment at which a local day begins, as the API wants it. */
export function utcOfLocal(date: string, zone: string): string {
  const guess = Date.parse(`${date}T00:00:00Z`);
  // The offset is that of the moment itself: asked twice, for days that begin near a change of the clocks.
  const once = guess - offsetMinutes(guess, zone) * 60_000;
  return new Date(guess - offsetMinutes(once, zone) * 60_000).toISOString().replace('.000Z', 'Z');
}
