// SPDX-License-Identifier: Apache-2.0
// How the workbench writes what validation says.

import { fixed } from '../../shared/format';
import { i18n, tData } from '../../shared/i18n.svelte';
import { formatter } from '../../shared/zone';

export const amount = (v: number, of: { scale: number; unit: string }): string => `${fixed(v, Math.max(0, -of.scale), i18n.locale)} ${of.unit}`;

export const when = (utc: string | null, zone: string): string => (utc ? formatter(i18n.locale, zone, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(utc)) : '–');

/** The colour of a severity. */
export const weight = (severity: string): string => (severity === 'alarm' || severity === 'fail' ? 'bad' : severity === 'warn' ? 'warn' : '');

export const ruleName = (r: { rule: string; name: string }): string => (i18n.has(`rule.${r.rule}`) ? tData('rule', r.rule) : r.name);
