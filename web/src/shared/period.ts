// SPDX-License-Identifier: Apache-2.0
// Calendar arithmetic on local dates ("2026-03-29"). No clock and no time zone in here: a local date is a name, and the
// platform turns it into instants by the zone of the usage point. So a day of 23 or 25 hours needs no special case.

import type { Step } from './types';

export type View = 'day' | 'week' | 'month' | 'year' | 'years';
export const VIEWS: readonly View[] = ['day', 'week', 'month', 'year', 'years'];

/** How many years the widest view shows. */
export const YEARS_SHOWN = 5;

export interface Range {
  step: Step;
  /** First local date. */
  from: string;
  /** Local date after the last one. */
  to: string;
}

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 of a local date; NaN when the text is no date. */
export function dayNumber(date: string): number {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  if (!m) return NaN;
  const ms = Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]));
  return new Date(ms).toISOString().slice(0, 10) === date ? ms / DAY_MS : NaN;
}

export function isDate(date: string): boolean {
  return !Number.isNaN(dayNumber(date));
}

export function dateOfDayNumber(n: number): string {
  return new Date(n * DAY_MS).toISOString().slice(0, 10);
}

export function addDays(date: string, days: number): string {
  return dateOfDayNumber(dayNumber(date) + days);
}

/** Moves by whole months and keeps the day of the month where the target month has it, else takes its last day. */
export function addMonths(date: string, months: number): string {
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7)) - 1 + months;
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(Number(date.slice(8, 10)), last);
  return new Date(Date.UTC(year, month, day)).toISOString().slice(0, 10);
}

/** 1 = Monday ... 7 = Sunday. */
export function weekday(date: string): number {
  const d = (((dayNumber(date) + 3) % 7) + 7) % 7;
  return d + 1;
}

/** The dates that a view shows when it holds `anchor`. `firstWeekday` is 1 (Monday) to 7 (Sunday). */
export function rangeOf(view: View, anchor: string, firstWeekday = 1): Range {
  const year = Number(anchor.slice(0, 4));
  const pad = (y: number) => String(y).padStart(4, '0');
  switch (view) {
    case 'day':
      return { step: 'hour', from: anchor, to: addDays(anchor, 1) };
    case 'week': {
      const from = addDays(anchor, -((weekday(anchor) - firstWeekday + 7) % 7));
      return { step: 'day', from, to: addDays(from, 7) };
    }
    case 'month': {
      const from = `${anchor.slice(0, 7)}-01`;
      return { step: 'day', from, to: addMonths(from, 1) };
    }
    case 'year':
      return { step: 'month', from: `${pad(year)}-01-01`, to: `${pad(year + 1)}-01-01` };
    case 'years':
      return { step: 'year', from: `${pad(year - YEARS_SHOWN + 1)}-01-01`, to: `${pad(year + 1)}-01-01` };
  }
}

/** The anchor of the neighbouring period: `by` is -1 or +1. */
export function shift(view: View, anchor: string, by: number): string {
  switch (view) {
    case 'day':
      return addDays(anchor, by);
    case 'week':
      return addDays(anchor, 7 * by);
    case 'month':
      return addMonths(`${anchor.slice(0, 7)}-01`, by);
    case 'year':
      return addMonths(`${anchor.slice(0, 4)}-01-01`, 12 * by);
    case 'years':
      return addMonths(`${anchor.slice(0, 4)}-01-01`, 12 * YEARS_SHOWN * by);
  }
}

/** The view one step finer, for opening a bar of the chart; null when there is none. */
export function finer(view: View): View | null {
  return view === 'years' ? 'year' : view === 'year' ? 'month' : view === 'day' ? null : 'day';
}

/** The first weekday of a locale (1 Monday ... 7 Sunday); Monday where the browser does not say. */
export function firstWeekdayOf(locale: string): number {
  try {
    const l = new Intl.Locale(locale) as Intl.Locale & {
      getWeekInfo?: () => { firstDay: number };
      weekInfo?: { firstDay: number };
    };
    return l.getWeekInfo?.().firstDay ?? l.weekInfo?.firstDay ?? 1;
  } catch {
    return 1;
  }
}
