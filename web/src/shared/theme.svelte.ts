// SPDX-License-Identifier: Apache-2.0
export type ThemeChoice = 'auto' | 'light' | 'dark';
const STORED = 'mw.theme';

class Theme {
  choice = $state<ThemeChoice>('auto');
  /** What is on the screen now; charts draw anew when it changes. */
  shown = $state<'light' | 'dark'>('light');
  #system = matchMedia('(prefers-color-scheme: dark)');

  start(): void {
    try {
      const s = localStorage.getItem(STORED);
      if (s === 'light' || s === 'dark') this.choice = s;
    } catch {
      // No storage: the system's choice is used.
    }
    this.#system.addEventListener('change', () => this.#apply());
    this.#apply();
  }

  choose(c: ThemeChoice): void {
    this.choice = c;
    try {
      localStorage.setItem(STORED, c);
    } catch {
      // As above.
    }
    this.#apply();
  }

  #apply(): void {
    this.shown = this.choice === 'auto' ? (this.#system.matches ? 'dark' : 'light') : this.choice;
    document.documentElement.dataset['theme'] = this.shown;
  }
}

export const theme = new Theme();
