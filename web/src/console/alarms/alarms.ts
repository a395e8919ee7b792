// SPDX-License-Identifier: Apache-2.0
// What the platform says of alarms, and the words for it.

import { decimal, integer } from '../../shared/format';
import { i18n, t, tData } from '../../shared/i18n.svelte';

export type Severity = 'info' | 'minor' | 'major' | 'critical';
export const SEVERITIES: readonly Severity[] = ['critical', 'major', 'minor', 'info'];
export type AlarmState = 'open' | 'acknowledged' | 'closed';

export interface Inputs {
  seen?: string;
  text?: string;
  from?: string;
  to?: string;
  at?: string;
  value?: number;
  threshold?: number;
  unit?: string;
  hours?: (number | null)[];
  state?: string;
  station?: string;
  risk_per_day?: number;
  meters?: number;
  late?: number;
  silenced?: number;
  count?: number;
}

export interface Alarm {
  id: number;
  rule: string;
  version: number;
  subject: string;
  meter: string | null;
  serial: string | null;
  medium: string | null;
  label: string | null;
  address: string | null;
  station: string | null;
  severity: Severity;
  state: AlarmState;
  clearing: boolean;
  snoozed_until: string | null;
  value: number;
  threshold: number;
  members: number;
  root: number | null;
  count: number;
  opened_at: string;
  last_at: string;
  closed_at: string | null;
  closed_by: string | null;
  assignee: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  inputs: Inputs;
  latest: Inputs;
}

export interface AlarmDetail {
  alarm: Alarm;
  history: { at: string; who: string | null; what: string; text: string }[];
  thresholds: { name: string; unit: string; value: number }[];
}

export interface AlarmEvent {
  what: string;
  alarm: Alarm;
}

export const ruleName = (rule: string): string => tData('rule', rule);

/** What it is about, in the words of whoever looks for it. */
export function subjectOf(a: Alarm): string {
  if (a.serial) return a.label ? `${a.serial} · ${a.label}` : a.serial;
  if (a.station) return a.station;
  return a.subject;
}

/** A value as a rule tells it, with its unit. */
export function amount(value: number, unit: string | undefined): string {
  const n = (v: number, digits = 0) => (digits ? decimal(v, digits, i18n.locale) : integer(v, i18n.locale));
  if (unit === '0.1 C') return `${n(value / 10, 1)} °C`;
  if (unit === 's') return duration(value);
  if (unit === undefined || unit === '') return n(value);
  return `${n(value)} ${unit}`;
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  const [v, unit] = seconds % 86400 === 0 && seconds !== 0 ? [seconds / 86400, 'day'] : seconds % 3600 === 0 && seconds !== 0 ? [seconds / 3600, 'hour'] : seconds % 60 === 0 && seconds !== 0 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  return new Intl.NumberFormat(i18n.locale, { style: 'unit', unit: unit as string, unitDisplay: 'long' }).format(v as number);
}

export type Step = AlarmDetail['history'][number] & { values?: [number, number] };

/** The steps as people read them: values that went on changing are one step, from the first to the last. */
export function told(history: AlarmDetail['history']): Step[] {
  const out: Step[] = [];
  for (const h of history) {
    const m = /^value (-?\d+) -> (-?\d+)$/.exec(h.text);
    if (!m) {
      out.push(h);
      continue;
    }
    const before = out.at(-1);
    const values: [number, number] = [Number(m[1]), Number(m[2])];
    if (before?.values && before.what === h.what) out[out.length - 1] = { ...before, at: h.at, values: [before.values[0], values[1]] };
    else out.push({ ...h, text: '', values });
  }
  return out;
}

/** One line that says what a rule saw. */
export function gist(a: Alarm): string {
  const i = a.latest;
  if (a.members > 0) return t('alarms.silences', { n: a.members });
  if (a.rule === 'silent' || a.rule === 'out_of_order') return t('alarms.silentFor', { time: amount(i.value ?? a.value, 'h') });
  if (i.hours || (i.value !== undefined && i.unit)) return t('alarms.against', { value: amount(i.value ?? 0, i.unit), threshold: amount(i.threshold ?? 0, i.unit) });
  if (i.count) return t('alarms.times', { n: i.count });
  return i.seen ? tData('seen', i.seen.replaceAll(' ', '_')) : '';
}
