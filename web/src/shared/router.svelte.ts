// SPDX-License-Identifier: Apache-2.0
// Addresses live behind the hash ("#/meters/0011-0?view=week"), so that any plain file server can serve the pages.

class Router {
  path = $state<string[]>([]);
  query = $state.raw<Record<string, string>>({});

  constructor() {
    this.#read();
    addEventListener('hashchange', () => this.#read());
  }

  #read(): void {
    const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
    this.path = path.split('/').filter(Boolean).map(safeDecode);
    this.query = Object.fromEntries(new URLSearchParams(query));
  }

  /** Changes the address; `replace` leaves no step for the Back button. */
  go(address: string, replace = false): void {
    if (replace) {
      history.replaceState(null, '', address);
      this.#read();
    } else {
      location.hash = address;
    }
  }
}

function safeDecode(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
}

export const router = new Router();

export function address(path: string[], query: Record<string, string | null | undefined> = {}): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v) q.set(k, v);
  const text = q.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}
