// SPDX-License-Identifier: Apache-2.0
// The consumption of one meter in one period, and its download: what both entrances show.

import { download, request } from './api';
import { firstWeekdayOf, rangeOf, type Range, type View } from './period';
import { Resource } from './resource.svelte';
import type { Consumption } from './types';

/** A live meter may report often; its chart is fetched again at most this often. */
const REFRESH_MS = 3000;

export class ConsumptionView {
  r = new Resource<Consumption>();
  #shown = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = 0;

  /** `asOf`: what was known at that moment; empty for what is known now. */
  load(meter: string, view: View, anchor: string, locale: string, asOf = ''): void {
    const range = rangeOf(view, anchor, firstWeekdayOf(locale));
    const shown = `${meter}|${view}|${range.from}|${asOf}`;
    const same = this.#shown === shown;
    this.#shown = shown;
    this.#last = performance.now();
    void this.r.load((signal) => fetchConsumption(meter, range, signal, asOf), same);
  }

  /** Something new was received: fetch again soon, but not for each of many readings. */
  refresh(again: () => void): void {
    const wait = Math.max(0, REFRESH_MS - (performance.now() - this.#last));
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      again();
    }, wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.r.stop();
  }
}

export function fetchConsumption(meter: string, range: Range, signal: AbortSignal, asOf = ''): Promise<Consumption> {
  return request<Consumption>(
    `meters/${encodeURIComponent(meter)}/consumption`,
    { step: range.step, from: range.from, to: range.to, compare: 'previous', place: 'true', as_of: asOf },
    { signal },
  );
}

export function exportConsumption(meter: string, serial: string, range: Range, kind: 'csv' | 'xlsx'): Promise<void> {
  const name = `${serial}_${range.step}_${range.from}.${kind}`.replace(/[^\w.-]+/g, '_');
  return download(`meters/${encodeURIComponent(meter)}/export.${kind}`, { step: range.step, from: range.from, to: range.to }, name);
}
