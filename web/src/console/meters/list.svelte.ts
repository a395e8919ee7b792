// SPDX-License-Identifier: Apache-2.0
// A list of any length of which only what is seen is fetched: pages by their place, kept while they may be looked at
// again. A page is asked for behind the last row of the nearest page before it, so that rows which come or go elsewhere
// neither repeat nor hide any here. While somebody scrolls fast, only the place where they come to rest is asked for.

import { isAbort, request } from '../../shared/api';
import type { LiveReading, Meter, Page } from '../../shared/types';
import { heardAt } from '../../shared/signal';

export type Narrowing = Record<string, string>;

export const PAGE = 100;
const KEPT = 60;
const REST_MS = 60;

export class MeterList {
  total = $state<number | null>(null);
  error = $state.raw<unknown>(null);
  loading = $state(false);
  /** Rises whenever a page came or changed. */
  version = $state(0);
  #narrowing: Narrowing = {};
  #pages = new Map<number, Meter[]>();
  /** Where the page behind each page begins. */
  #ends = new Map<number, string>();
  #asked = new Map<number, AbortController>();
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** Another list: nothing of the former one is shown any more. */
  open(narrowing: Narrowing): void {
    this.#narrowing = narrowing;
    this.#give(() => true);
    this.#pages.clear();
    this.#ends.clear();
    this.total = null;
    this.error = null;
    this.version++;
    void this.#fetch(0);
  }

  /** The same list again, without blanking what is shown. */
  refresh(first: number, last: number): void {
    const near = [Math.floor(first / PAGE), Math.floor(Math.max(first, last - 1) / PAGE)];
    for (const p of [...this.#pages.keys()]) if (!near.includes(p)) this.#pages.delete(p);
    this.#ends.clear();
    for (const p of new Set(near)) void this.#fetch(p);
  }

  at(i: number): Meter | undefined {
    return this.#pages.get(Math.floor(i / PAGE))?.[i % PAGE];
  }

  /** What is on the screen, or about to be. */
  see(first: number, last: number): void {
    clearTimeout(this.#rest);
    const wanted = new Set<number>();
    for (let p = Math.floor(first / PAGE); p * PAGE < last; p++) wanted.add(p);
    this.#give((p) => !wanted.has(p));
    const missing = [...wanted].filter((p) => !this.#pages.has(p) && !this.#asked.has(p));
    if (missing.length === 0) return;
    this.#rest = setTimeout(() => missing.forEach((p) => void this.#fetch(p)), REST_MS);
  }

  take(batch: Map<string, LiveReading>): Set<string> {
    const hit = new Set<string>();
    for (const [number, items] of this.#pages) {
      if (!items.some((m) => batch.has(m.id))) continue;
      this.#pages.set(number, items.map((m) => {
        const news = batch.get(m.id);
        if (!news) return m;
        hit.add(m.id);
        const older = m.last_reading && Date.parse(news.at) < Date.parse(m.last_reading.at);
        return {
          ...m, last_seen: news.received_at, ...heardAt(m, news.level_cdbm),
          last_reading: older ? m.last_reading : { at: news.at, value: news.value, text: '', unit: '' },
        };
      }));
    }
    if (hit.size) this.version++;
    return hit;
  }

  stop(): void {
    clearTimeout(this.#rest);
    this.#give(() => true);
  }

  #give(which: (page: number) => boolean): void {
    for (const [p, c] of [...this.#asked]) if (which(p)) {
      c.abort();
      this.#asked.delete(p);
    }
    this.loading = this.#asked.size > 0;
  }

  async #fetch(page: number): Promise<void> {
    this.#asked.get(page)?.abort();
    const mine = new AbortController();
    this.#asked.set(page, mine);
    this.loading = true;
    try {
      const before = Math.max(-1, ...[...this.#ends.keys()].filter((p) => p < page));
      const place = { after: this.#ends.get(before), skip: (page - before - 1) * PAGE };
      const reply = await request<Page<Meter>>('meters', { ...this.#narrowing, ...place, limit: PAGE }, { signal: mine.signal });
      if (this.#asked.get(page) !== mine) return;
      this.#pages.delete(page);
      this.#pages.set(page, reply.items);
      if (reply.next) this.#ends.set(page, reply.next);
      const oldest = this.#pages.keys().next().value;
      if (this.#pages.size > KEPT && oldest !== undefined) this.#pages.delete(oldest);
      this.total = reply.total ?? reply.items.length;
      this.error = null;
      this.version++;
    } catch (e) {
      if (this.#asked.get(page) === mine && !isAbort(e)) this.error = e;
    } finally {
      if (this.#asked.get(page) === mine) {
        this.#asked.delete(page);
        this.loading = this.#asked.size > 0;
      }
    }
  }
}
