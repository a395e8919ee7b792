// SPDX-License-Identifier: Apache-2.0
// Numbers for people. Readings stay whole counts until the last moment and are shifted as text: no value that a bill
// could rest on passes through a division.

import type { Point } from './types';

const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale + JSON.stringify(options);
  let f = formats.get(key);
  if (!f) {
    f = new Intl.NumberFormat(locale, options);
    formats.set(key, f);
  }
  return f;
}

export function integer(value: number, locale: string): string {
  return numberFormat(locale, { maximumFractionDigits: 0 }).format(value);
}

export function decimal(value: number, digits: number, locale: string): string {
  return numberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** Money as the reader's language writes it, with the decimals of its currency. */
export function currency(value: number, code: string, digits: number, locale: string): string {
  return numberFormat(locale, { style: 'currency', currency: code, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/**
 * `count` divided by ten to `decimals`, exactly: 12345 with 3 decimals is "12.345". `shown` keeps fewer decimals
 * (rounded half away from zero). Digits and grouping are those of the locale.
 */
export function fixed(count: number, decimals: number, locale: string, shown = decimals): string {
  let n = BigInt(Math.trunc(count));
  const negative = n < 0n;
  if (negative) n = -n;
  if (shown < decimals) {
    const unit = 10n ** BigInt(decimals - shown);
    n = (n + unit / 2n) / unit;
  } else if (shown > decimals) {
    n *= 10n ** BigInt(shown - decimals);
  }
  const power = 10n ** BigInt(shown);
  const whole = numberFormat(locale, { maximumFractionDigits: 0 }).format(n / power);
  const sign = negative && n > 0n ? '−' : '';
  if (shown === 0) return sign + whole;
  const digits = (n % power).toString().padStart(shown, '0');
  const f = numberFormat(locale, { minimumFractionDigits: 1, useGrouping: false });
  const mark = f.formatToParts(1.5).find((p) => p.type === 'decimal')?.value ?? '.';
  const plain = numberFormat(locale, { maximumFractionDigits: 0, useGrouping: false });
  return sign + whole + mark + [...digits].map((d) => plain.format(Number(d))).join('');
}

export interface DisplayUnit {
  /** Symbol shown to people. */
  unit: string;
  /** Decimals of the count in that unit: 3 for litres shown as cubic metres. */
  decimals: number;
  /** Decimals worth showing for consumption. */
  shown: number;
}

/** Larger unit of a basic one: what a meter's dial and a bill use. */
const LARGER: Record<string, { unit: string; power: number }> = {
  L: { unit: 'm³', power: 3 },
  l: { unit: 'm³', power: 3 },
  Wh: { unit: 'kWh', power: 3 },
  varh: { unit: 'kvarh', power: 3 },
};

const SYMBOLS: Record<string, string> = { m3: 'm³', Cel: '°C', 'kW.h': 'kWh', 'W.h': 'Wh' };

/** The unit of a register's dial: cubic metres and kilowatt-hours with every digit. */
export function registerUnit(unit: string, scale: number): DisplayUnit {
  const larger = LARGER[unit];
  const decimals = Math.max(0, (larger?.power ?? 0) - scale);
  return { unit: larger?.unit ?? SYMBOLS[unit] ?? unit, decimals, shown: decimals };
}

/**
 * The unit for a set of consumption values whose greatest magnitude is `max`: litres below a thousand, cubic metres
 * beyond; electricity always in kilowatt-hours, the unit of every bill.
 */
export function consumptionUnit(max: number, unit: string, scale: number): DisplayUnit {
  const larger = LARGER[unit];
  const inBase = Math.abs(max) * 10 ** scale;
  if (!larger || (unit.toLowerCase() === 'l' && inBase < 1000)) {
    const decimals = Math.max(0, -scale);
    return { unit: SYMBOLS[unit] ?? unit, decimals, shown: decimals };
  }
  const decimals = Math.max(0, larger.power - scale);
  const shown = inBase < 1000 ? 3 : inBase < 10_000 ? 2 : inBase < 1_000_000 ? 1 : 0;
  return { unit: larger.unit, decimals, shown: Math.min(decimals, shown) };
}

/** A count with a positive scale (tens, hundreds of the unit) as a count of the unit itself. */
export function plain(count: number, scale: number): number {
  return scale > 0 ? count * 10 ** scale : count;
}

export function quantity(count: number, scale: number, du: DisplayUnit, locale: string): string {
  return `${fixed(plain(count, scale), du.decimals, locale, du.shown)}\u00a0${du.unit}`;
}

/** The number that a chart draws: a height on a screen, never shown as a figure. */
export function height(count: number, scale: number, du: DisplayUnit): number {
  return plain(count, scale) / 10 ** du.decimals;
}

export function percent(part: number, whole: number, locale: string): string {
  if (whole <= 0) return '–';
  const p = part / whole;
  // 99.97 % must not read as 100 %: something is missing and a person should see it.
  const cut = p < 1 && p > 0.999 ? Math.floor(p * 1000) / 1000 : p;
  return numberFormat(locale, { style: 'percent', maximumFractionDigits: p > 0.99 && p < 1 ? 1 : 0 }).format(cut);
}

/** An amount with its unit as the language writes it: "349 sec", "5,8 Min.". */
export function inUnit(value: number, unit: string, locale: string): string {
  return numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
}

export function bytes(n: number, locale: string): string {
  return n < 1e6 ? inUnit(n / 1e3, 'kilobyte', locale) : n < 1e9 ? inUnit(n / 1e6, 'megabyte', locale) : inUnit(n / 1e9, 'gigabyte', locale);
}

const RELATIVE: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600], ['month', 2_629_800], ['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1],
];

const relatives = new Map<string, Intl.RelativeTimeFormat>();

/** "3 minutes ago", by the platform's now. Instants slightly ahead of it (a clock offset) count as now. */
export function relative(utc: string | number, now: number, locale: string, style: 'long' | 'narrow' = 'long'): string {
  const key = locale + style;
  let f = relatives.get(key);
  if (!f) {
    f = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style });
    relatives.set(key, f);
  }
  let seconds = Math.round((new Date(utc).getTime() - now) / 1000);
  if (seconds > 0 && seconds < 120) seconds = 0;
  for (const [unit, size] of RELATIVE) {
    if (Math.abs(seconds) >= size) return f.format(Math.trunc(seconds / size), unit);
  }
  return f.format(0, 'second');
}

/**
 * 0 (never heard) to 4 bars. What counts is the margin above the noise, for a slow rate is heard at levels where a fast
 * one is lost: the receiver decodes down to about 0 dB. Without a signal to noise ratio the level has to do.
 */
export function signalBars(levelCdbm: number | null | undefined, snrCdb?: number | null): number {
  if (levelCdbm === null || levelCdbm === undefined) return 0;
  const margin = snrCdb === null || snrCdb === undefined ? levelCdbm / 100 + 138 : snrCdb / 100;
  return margin >= 18 ? 4 : margin >= 10 ? 3 : margin >= 4 ? 2 : 1;
}

export type PointState = 'before' | 'future' | 'awaited' | 'missing' | 'partial' | 'estimated' | 'measured';

/** Meters report once a day and repeat a day's hours with the next report: until then a tail is late, not missing. */
const AWAIT_MS = 48 * 3_600_000;

/**
 * What each bar of a chart stands for. Not everything without a value is missing: a point may lie before the meter was
 * installed, in the future, or at the end of a series whose next report is still to come.
 */
export function pointStates(points: Point[], now: number, installed: number | null): PointState[] {
  const firstKnown = points.findIndex((p) => p.value !== null);
  let lastKnown = -1;
  points.forEach((p, i) => { if (p.value !== null) lastKnown = i; });
  const since = installed === null ? -Infinity
    : Math.min(installed, firstKnown >= 0 ? Date.parse(points[firstKnown]?.start ?? '') : Infinity);
  return points.map((p, i) => {
    const start = Date.parse(p.start);
    const end = Date.parse(p.end);
    const mayCome = i >= lastKnown && end > now - AWAIT_MS;
    if (p.value === null) {
      if (end <= since) return 'before';
      if (start >= now) return 'future';
      return mayCome ? 'awaited' : 'missing';
    }
    if (p.quality.some((q) => q.startsWith('estim'))) return 'estimated';
    const whole = p.received >= p.expected || start < since;
    return whole || mayCome || end > now ? 'measured' : 'partial';
  });
}

export interface Comparable {
  /** How many points stood against each other. */
  points: number;
  now: number;
  before: number;
  /** Whether the two sums hold the whole of both periods. */
  whole: boolean;
}

/** Below this part of its hours a point is too thin to be held against another. */
const ENOUGH = 0.9;

/**
 * Sums of both periods over the points that can fairly be compared: known on both sides and over. A half day must not
 * be held against a whole one, nor the second day of a month against a whole month.
 */
export function comparable(points: Point[], previous: (Point | undefined)[], now: number): Comparable {
  const c: Comparable = { points: 0, now: 0, before: 0, whole: true };
  const enough = (p: Point | undefined): p is Point => p !== undefined && p.value !== null && p.received >= p.expected * ENOUGH;
  points.forEach((p, i) => {
    const q = previous[i];
    const over = Date.parse(p.end) <= now;
    if (over && enough(p) && enough(q)) {
      c.points += 1;
      c.now += p.value ?? 0;
      c.before += q.value ?? 0;
    } else {
      c.whole = false;
    }
  });
  return c;
}
