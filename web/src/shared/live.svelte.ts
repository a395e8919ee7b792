// SPDX-License-Identifier: Apache-2.0
// Server-sent events. Readings may pour in while a town catches up, so they are gathered and handed on a few times a
// second, the newest per meter only.

import { ApiError, request } from './api';
import type { LiveReading, Overview } from './types';

const GATHER_MS = 400;
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 30_000;
/** A page in the background lets go of its stream: a browser allows six connections to one host, over all its tabs. */
const HIDDEN_MS = 20_000;
/** While a town catches up the platform may say `reset` again and again; pages are fetched anew at most this often. */
const RESYNC_MS = 3000;

type Listener = {
  readings?: (byMeter: Map<string, LiveReading>) => void;
  overview?: (o: Overview) => void;
  /** Something happened to an alarm; whoever shows alarms asks for them. */
  alarm?: () => void;
  /** The stream had a hole: what is on the page may be old, so fetch it again. */
  resync?: () => void;
};

class Live {
  status = $state<'off' | 'connecting' | 'open' | 'reconnecting'>('off');
  #source: EventSource | null = null;
  #listeners = new Set<Listener>();
  #waiting = new Map<string, LiveReading>();
  #flush: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #delay = RETRY_MIN_MS;
  #broken = false;
  #hidden: ReturnType<typeof setTimeout> | undefined;
  #paused = false;
  #resynced = -RESYNC_MS;
  #resync: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#visibility());
  }

  listen(l: Listener): () => void {
    this.#listeners.add(l);
    return () => this.#listeners.delete(l);
  }

  start(): void {
    if (this.#source || this.#retry !== undefined) return;
    this.status = this.#broken ? 'reconnecting' : 'connecting';
    const source = new EventSource('/v1/stream');
    this.#source = source;
    source.onopen = () => {
      this.status = 'open';
      this.#delay = RETRY_MIN_MS;
      if (this.#broken) this.#anew();
      this.#broken = false;
    };
    source.onerror = () => {
      this.#broken = true;
      this.status = 'reconnecting';
      // While CONNECTING the browser tries again by itself; a refusal is final for it and ours to handle.
      if (source.readyState === EventSource.CLOSED) this.#again();
    };
    source.addEventListener('reading', (e) => this.#reading(parse<LiveReading>(e)));
    source.addEventListener('overview', (e) => {
      const o = parse<Overview>(e);
      if (o) this.#each((l) => l.overview?.(o));
    });
    source.addEventListener('alarm', () => this.#each((l) => l.alarm?.()));
    source.addEventListener('reset', () => this.#anew());
  }

  stop(): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    clearTimeout(this.#flush);
    this.#flush = undefined;
    clearTimeout(this.#resync);
    this.#resync = undefined;
    clearTimeout(this.#hidden);
    this.#waiting.clear();
    this.#broken = false;
    this.#paused = false;
    this.status = 'off';
  }

  #visibility(): void {
    clearTimeout(this.#hidden);
    if (document.hidden) {
      this.#hidden = setTimeout(() => {
        if (this.status === 'off') return;
        this.stop();
        this.#paused = true;
      }, HIDDEN_MS);
    } else if (this.#paused) {
      this.#paused = false;
      this.start();
      this.#broken = true;
    }
  }

  #anew(): void {
    const wait = Math.max(0, this.#resynced + RESYNC_MS - performance.now());
    this.#resync ??= setTimeout(() => {
      this.#resync = undefined;
      this.#resynced = performance.now();
      this.#each((l) => l.resync?.());
    }, wait);
  }

  #again(): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      this.#retry = undefined;
      try {
        // A stream cannot say why it was refused; an ordinary request can, and an ended session leads to sign-in.
        await request('session');
      } catch (e) {
        if (e instanceof ApiError && e.status === 401) return;
      }
      if (this.status !== 'off') this.start();
    }, this.#delay);
    this.#delay = Math.min(this.#delay * 2, RETRY_MAX_MS);
  }

  #reading(r: LiveReading | null): void {
    if (!r) return;
    this.#waiting.set(r.meter, r);
    this.#flush ??= setTimeout(() => {
      this.#flush = undefined;
      const batch = this.#waiting;
      this.#waiting = new Map();
      this.#each((l) => l.readings?.(batch));
    }, GATHER_MS);
  }

  #each(f: (l: Listener) => void): void {
    for (const l of [...this.#listeners]) f(l);
  }
}

function parse<T>(e: Event): T | null {
  try {
    return JSON.parse((e as MessageEvent<string>).data) as T;
  } catch {
    return null;
  }
}

export const live = new Live();
