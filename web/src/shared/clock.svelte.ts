// SPDX-License-Identifier: Apache-2.0
// The platform's clock as the page sees it. "3 minutes ago" must mean the platform's minutes: a simulated town may run
// thousands of times faster than the wall clock, or days behind it.

import type { ClockInfo } from './types';

/** Beyond this many real seconds without news the clock is held: better late than inventing hours at a high factor. */
const COAST_S = 20;

class PlatformClock {
  /** The platform's now in ms since 1970, advanced each second. Until the platform has spoken: this machine's. */
  now = $state(Date.now());
  source = $state('system');
  factor = $state<number | null>(1);
  known = $state(false);
  #at = 0;
  #said = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  set(now: string, clock?: ClockInfo): void {
    const ms = Date.parse(now);
    if (Number.isNaN(ms)) return;
    this.#said = ms;
    this.#at = performance.now();
    this.now = ms;
    this.known = true;
    if (clock) {
      this.source = clock.source;
      this.factor = clock.factor;
    }
    this.#timer ??= setInterval(() => this.#tick(), 1000);
  }

  /** Something was seen at this instant, so the platform is at least there. */
  atLeast(utc: string | null | undefined): void {
    const ms = utc ? Date.parse(utc) : NaN;
    if (Number.isNaN(ms)) return;
    if (!this.known || (ms > this.now && this.simulated)) this.set(utc as string);
  }

  get simulated(): boolean {
    return this.known && !/^(system|machine)/.test(this.source);
  }

  #tick(): void {
    const factor = this.simulated ? (this.factor ?? 1) : 1;
    const real = (performance.now() - this.#at) / 1000;
    this.now = this.#said + Math.min(real, this.simulated ? COAST_S : Infinity) * 1000 * factor;
  }
}

export const clock = new PlatformClock();
