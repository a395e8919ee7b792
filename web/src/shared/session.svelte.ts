// SPDX-License-Identifier: Apache-2.0
import { ApiError, request, setCsrf, setUnauthorizedHandler } from './api';
import { clock } from './clock.svelte';
import { live } from './live.svelte';
import type { Currency, SessionReply, User } from './types';

export type SessionState = 'starting' | 'unreachable' | 'anonymous' | 'expired' | 'open';

class Session {
  state = $state<SessionState>('starting');
  user = $state.raw<User | null>(null);
  /** What the tenant's prices are in. */
  currency = $state.raw<Currency>({ code: 'EUR', exponent: 2 });

  constructor() {
    setUnauthorizedHandler(() => this.expire());
  }

  async start(): Promise<void> {
    this.state = 'starting';
    try {
      this.#open(await request<SessionReply>('session', {}, { quiet401: true }));
    } catch (e) {
      this.state = e instanceof ApiError && e.status === 401 ? 'anonymous' : 'unreachable';
    }
  }

  async signIn(login: string, password: string, code = ''): Promise<void> {
    const reply = await request<SessionReply>('session', {}, { method: 'POST', body: code ? { login, password, code } : { login, password }, quiet401: true });
    // Some answers to a sign-in carry no user yet: ask who we are.
    this.#open(reply?.user ? reply : await request<SessionReply>('session'));
  }

  async signOut(): Promise<void> {
    live.stop();
    try {
      await request('session', {}, { method: 'DELETE', quiet401: true });
    } catch (e) {
      if (!(e instanceof ApiError && e.status === 401)) throw e;
    }
    this.user = null;
    setCsrf('');
    this.state = 'anonymous';
    history.replaceState(null, '', '#/');
  }

  /** The platform no longer knows us. The address stays, so that signing in leads back to the same page. */
  expire(): void {
    if (this.state !== 'open') return;
    live.stop();
    setCsrf('');
    this.state = 'expired';
  }

  #open(reply: SessionReply): void {
    const other = this.user !== null && this.user.login !== reply.user.login;
    if (other) history.replaceState(null, '', '#/');
    this.user = reply.user;
    if (reply.currency) this.currency = reply.currency;
    setCsrf(reply.csrf);
    if (reply.now) clock.set(reply.now, reply.clock);
    this.state = 'open';
  }
}

export const session = new Session();
