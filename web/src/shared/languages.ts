// SPDX-License-Identifier: Apache-2.0
// The languages on offer. A folder of messages/ with the same files is all that a further one needs, plus a line here.

/** Each by its own name, and with the region whose dates and numbers it is written in when the reader names none. */
export const LANGUAGES: Readonly<Record<string, { name: string; region: string }>> = {
  bg: { name: 'Български', region: 'bg-BG' },
  de: { name: 'Deutsch', region: 'de-DE' },
  en: { name: 'English', region: 'en-GB' },
  es: { name: 'Español', region: 'es-ES' },
  fr: { name: 'Français', region: 'fr-FR' },
  ru: { name: 'Русский', region: 'ru-RU' },
};

const RTL = new Set(['ar', 'fa', 'he', 'ur']);

/** Which way a language is written. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  return RTL.has(language) ? 'rtl' : 'ltr';
}
