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
