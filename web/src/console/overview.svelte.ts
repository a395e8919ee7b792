// SPDX-License-Identifier: Apache-2.0
import { request } from '../shared/api';
import { clock } from '../shared/clock.svelte';
import { live } from '../shared/live.svelte';
import { Resource } from '../shared/resource.svelte';
import type { Overview } from '../shared/types';

const POLL_MS = 30_000;

/** The state of the whole system: by the stream, and asked for now and then in case the stream is silent. */
class OverviewStore {
  r = new Resource<Overview>();

  start(): () => void {
    void this.load();
    const timer = setInterval(() => void this.load(), POLL_MS);
    const off = live.listen({ overview: (o) => this.#take(o), resync: () => void this.load() });
    return () => {
      clearInterval(timer);
      off();
      this.r.stop();
    };
  }

  async load(): Promise<void> {
    await this.r.load((signal) => request<Overview>('overview', {}, { signal }));
    if (this.r.data && !this.r.error) clock.set(this.r.data.now, this.r.data.clock);
  }

  #take(o: Overview): void {
    // An event may carry only what changed.
    this.r.data = this.r.data ? { ...this.r.data, ...o } : o;
    if (o.now) clock.set(o.now, o.clock ?? this.r.data.clock);
  }
}

export const overview = new OverviewStore();

const QUIET_MS = 6 * 3_600_000;

/** Heard once and no longer. A station that was set up and never reported has not failed. */
export const isQuiet = (s: { last_contact: string | null }, now: number): boolean => s.last_contact !== null && now - Date.parse(s.last_contact) > QUIET_MS;
