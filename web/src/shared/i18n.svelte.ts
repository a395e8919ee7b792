// SPDX-License-Identifier: Apache-2.0
// The texts of the chosen language, fetched when somebody chooses it: the account never loads the console's messages, nor
// anybody a language that nobody chose.

import type commonEn from '../messages/en/common.json';
import type consoleEn from '../messages/en/console.json';
import type accountEn from '../messages/en/account.json';
import type adminEn from '../messages/en/admin.json';
import type alarmsEn from '../messages/en/alarms.json';
import type homeEn from '../messages/en/home.json';
import type securityEn from '../messages/en/security.json';
import type workEn from '../messages/en/work.json';
import { directionOf, LANGUAGES } from './languages';
import { fill, type Message, type Params } from './plural';

/** One file of texts in each language; a page names the parts that it needs beside its entrance's. */
interface Parts {
  common: typeof commonEn;
  console: typeof consoleEn;
  account: typeof accountEn;
  admin: typeof adminEn;
  alarms: typeof alarmsEn;
  home: typeof homeEn;
  security: typeof securityEn;
  work: typeof workEn;
}
export type Part = keyof Parts;
export type Key = { [P in Part]: keyof Parts[P] }[Part] & string;

const files = import.meta.glob<{ default: Record<string, Message> }>('../messages/*/*.json');
const STORED = 'mw.language';

class I18n {
  language = $state('en');
  /** Full locale for dates and numbers: the reader's own region where it speaks the chosen language. */
  locale = $state('en-GB');
  #messages = $state.raw<Record<string, Message>>({});
  #parts = new Set<Part>();
  /** Counts the choices: of two in a row the later one stays, whichever file arrives first. */
  #choice = 0;

  /** Chooses the language: a stored choice, then the user's own, then the browser's. */
  async start(part: Part, userLocale?: string | null): Promise<void> {
    this.#parts.add(part);
    const wishes = [stored(), userLocale, ...navigator.languages].filter((x): x is string => !!x);
    const wish = wishes.find((w) => Object.hasOwn(LANGUAGES, languageOf(w))) ?? 'en';
    await this.#apply(languageOf(wish), [userLocale ?? '', ...navigator.languages]);
  }

  /** Adds parts to what is loaded, in the language that is shown. */
  async add(parts: readonly Part[]): Promise<void> {
    const fresh = parts.filter((p) => !this.#parts.has(p));
    if (fresh.length === 0) return;
    const language = this.language;
    const loaded = await Promise.all(fresh.map((p) => files[`../messages/${language}/${p}.json`]?.().then((m) => m.default)));
    for (const p of fresh) this.#parts.add(p);
    // Somebody chose another language meanwhile: its texts of these parts are not there yet.
    if (this.language !== language) return this.#apply(this.language, navigator.languages);
    this.#messages = Object.assign({}, this.#messages, ...loaded.filter(Boolean)) as Record<string, Message>;
  }

  /** False when the language's texts could not be fetched: the page then keeps the language that it has. */
  async choose(language: string): Promise<boolean> {
    try {
      await this.#apply(language, navigator.languages);
    } catch {
      return false;
    }
    if (this.language !== language) return true;
    try {
      localStorage.setItem(STORED, language);
    } catch {
      // Private windows may refuse: the choice then lasts as long as the page.
    }
    return true;
  }

  async #apply(language: string, regions: readonly string[]): Promise<void> {
    const choice = ++this.#choice;
    const loaded = await Promise.all(
      [...this.#parts].map((p) => files[`../messages/${language}/${p}.json`]?.().then((m) => m.default)),
    );
    if (choice !== this.#choice) return;
    this.#messages = Object.assign({}, ...loaded.filter(Boolean)) as Record<string, Message>;
    this.language = language;
    const own = regions.find((r) => languageOf(r) === language && r.includes('-'));
    this.locale = own && Intl.NumberFormat.supportedLocalesOf(own).length ? own : LANGUAGES[language]?.region ?? language;
    document.documentElement.lang = language;
    document.documentElement.dir = directionOf(language);
  }

  text(key: string, params?: Params): string {
    const m = this.#messages[key];
    return m === undefined ? key : fill(m, this.locale, params);
  }

  has(key: string): boolean {
    return key in this.#messages;
  }
}

function languageOf(tag: string): string {
  return tag.toLowerCase().split(/[-_]/)[0] ?? '';
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export const i18n = new I18n();

/** The text of a message in the reader's language. */
export function t(key: Key, params?: Params): string {
  return i18n.text(key, params);
}

/** A message whose key is built from data (a flag, a medium); the data itself when nobody has translated it yet. */
export function tData(prefix: string, name: string): string {
  const key = `${prefix}.${name}`;
  return i18n.has(key) ? i18n.text(key) : name.replaceAll('_', ' ');
}
