// SPDX-License-Identifier: Apache-2.0
import { isAbort } from './api';

/** Something being fetched. The last good answer stays while a newer one is on its way or failed. */
export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<unknown>(null);
  loading = $state(false);
  #current: AbortController | null = null;

  /** Fetches; a request still under way is given up, so that answers cannot arrive in the wrong order. */
  async load(fetcher: (signal: AbortSignal) => Promise<T>, keep = true): Promise<void> {
    this.#current?.abort();
    const mine = new AbortController();
    this.#current = mine;
    this.loading = true;
    if (!keep) this.data = null;
    try {
      const answer = await fetcher(mine.signal);
      if (this.#current !== mine) return;
      this.data = answer;
      this.error = null;
    } catch (e) {
      if (this.#current !== mine || isAbort(e)) return;
      this.error = e;
    } finally {
      if (this.#current === mine) this.loading = false;
    }
  }

  stop(): void {
    this.#current?.abort();
    this.#current = null;
  }
}
