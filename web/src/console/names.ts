// SPDX-License-Identifier: Apache-2.0
import { currency } from '../shared/format';
import { i18n, tData } from '../shared/i18n.svelte';
import { session } from '../shared/session.svelte';

/** A register's name in the reader's language, by medium and quantity of its OBIS code (A-B:C.D.E*F); else the platform's. */
export function registerName(obis: string, fallback: string): string {
  const code = /^(\d+)-\d+:(\d+)\./.exec(obis);
  const key = code ? `${code[1]}.${code[2]}` : '';
  return i18n.has(`register.${key}`) ? tData('register', key) : fallback || obis;
}

/** Millionths of the tenant's currency. */
export const money = (millionths: number | null | undefined): string => currency((millionths ?? 0) / 1e6, session.currency.code, session.currency.exponent, i18n.locale);
