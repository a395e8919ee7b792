// SPDX-License-Identifier: Apache-2.0
// How the workbench writes what validation says.

import { decimal, fixed, integer, inUnit } from '../../shared/format';
import { i18n, t, tData } from '../../shared/i18n.svelte';
import { formatter } from '../../shared/zone';
import type { Finding } from './types';

export const amount = (v: number, of: { scale: number; unit: string }): string => `${fixed(v, Math.max(0, -of.scale), i18n.locale)} ${of.unit}`;

export const when = (utc: string | null, zone: string): string => (utc ? formatter(i18n.locale, zone, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(utc)) : '–');

/** One of the numbers that a rule compared, in its unit. */
export function compared(x: Finding['inputs'][number], f: Finding): string {
  switch (x.unit) {
    case 'count': return amount(x.value, f);
    case 'ppm': return `${decimal(x.value / 10_000, 1, i18n.locale)} %`;
    case 'ms': return inUnit(x.value / 1000, 'second', i18n.locale);
    case 'mV': return `${decimal(x.value / 1000, 1, i18n.locale)} V`;
    case 'mA': return `${decimal(x.value / 1000, 3, i18n.locale)} A`;
    case 'yes': return t(x.value ? 'yes' : 'no');
    case 'flags': return (x.flags ?? []).map((w) => tData('status', w)).join(', ');
    default: return integer(x.value, i18n.locale);
  }
}

/** The colour of a severity. */
export const weight = (severity: string): string => (severity === 'alarm' || severity === 'fail' ? 'bad' : severity === 'warn' ? 'warn' : '');

export const ruleName = (r: { rule: string; name: string }): string => (i18n.has(`rule.${r.rule}`) ? tData('rule', r.rule) : r.name);
