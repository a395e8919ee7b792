// SPDX-License-Identifier: Apache-2.0
// Every language says everything that English says, with the same placeholders and all plural forms it needs.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixed } from '../src/shared/format';
import { LANGUAGES } from '../src/shared/languages';
import { firstWeekdayOf } from '../src/shared/period';
import { fill, type Message } from '../src/shared/plural';
import { formatter } from '../src/shared/zone';

declare const MESSAGES: string;
const PARTS = readdirSync(join(MESSAGES, 'en')).map((f) => f.replace(/\.json$/, ''));
const read = (language: string, part: string) =>
  JSON.parse(readFileSync(join(MESSAGES, language, `${part}.json`), 'utf8')) as Record<string, Message>;
const forms = (m: Message) => (typeof m === 'string' ? { other: m } : m) as Record<string, string>;
const holesOf = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
const words = (text: string) => text.replace(/\{\w+\}/g, ' ').match(/\p{L}+/gu)?.length ?? 0;
/** Letters of the language's own script make up its texts; what is written in another is a name, a unit or forgotten. */
const CYRILLIC = new Set(['bg', 'ru']);
/** Written alike everywhere: units, file formats and names of protocols. */
const LATIN_TOO = /\b(dBm|dB|CSV|Excel|s)\b/g;

for (const language of readdirSync(MESSAGES)) {
  const rules = new Intl.PluralRules(language);
  const needed = [...rules.resolvedOptions().pluralCategories].sort();
  const oneMeansMany = Array.from({ length: 200 }, (_, n) => n + 2).some((n) => rules.select(n) === 'one');

  for (const part of PARTS) {
    const english = read('en', part);
    const own = read(language, part);

    test(`${language}/${part}: keys, plural forms and placeholders`, () => {
      assert.deepEqual(Object.keys(own), Object.keys(english), 'the same keys in the same order');
      for (const [key, m] of Object.entries(own)) {
        const theirs = english[key] ?? '';
        assert.equal(typeof m, typeof theirs, `${key}: both have plural forms or neither`);
        if (typeof m !== 'string') assert.deepEqual(Object.keys(m).sort(), needed, `${key}: the forms of the language`);
        const full = holesOf(forms(theirs).other ?? '');
        const single = holesOf(forms(theirs).one ?? forms(theirs).other ?? '');
        for (const [form, text] of Object.entries(forms(m))) {
          // Where "one" is also said of 21, it cannot leave out what only a single thing can do without.
          const want = form === 'one' && !oneMeansMany ? single : full;
          assert.deepEqual(holesOf(text), want, `${key}, ${form}`);
        }
      }
    });

    test(`${language}/${part}: every text is there and in the language`, () => {
      for (const [key, m] of Object.entries(own)) {
        const theirs = forms(english[key] ?? '');
        for (const [form, text] of Object.entries(forms(m))) {
          const at = `${key}, ${form}: "${text}"`;
          assert.ok(text.trim() && text === text.trim(), `${at} is empty or has blanks around it`);
          assert.doesNotMatch(text, /  |\.\.\.|[<>"]/, `${at}: blanks, dots or marks`);
          if (language === 'en') continue;
          if (words(text) > 3) assert.ok(!Object.values(theirs).includes(text), `${at} is still English`);
          if (CYRILLIC.has(language)) {
            const foreign = text.replace(/\{\w+\}/g, '').replace(LATIN_TOO, '').match(/[A-Za-z]+/g);
            assert.equal(foreign, null, `${at} has Latin letters`);
          }
          if (language === 'fr') assert.doesNotMatch(text, /[^\u00a0\u202f][:;!?](\s|$)|'/, `${at}: no-break space, apostrophe`);
        }
      }
    });
  }
}

test('every input of a rule of validation has a name', () => {
  const document = JSON.parse(readFileSync(join(MESSAGES, '../../../platform/api/openapi.json'), 'utf8'));
  const input = document.components.schemas.VeeException.properties.inputs.items.properties;
  const named = Object.keys(read('en', 'work')).filter((k) => k.startsWith('input.')).map((k) => k.slice('input.'.length));
  assert.deepEqual(named.sort(), [...input.name.enum].sort());
});

test('every language is offered by its own name, and every folder is offered', () => {
  const offered = Object.entries(LANGUAGES);
  assert.deepEqual(offered.map(([code]) => code).sort(), readdirSync(MESSAGES).sort());
  for (const [code, { name, region }] of offered) {
    const own = new Intl.DisplayNames(code, { type: 'language' }).of(code) ?? '';
    assert.equal(name.toLocaleLowerCase(code), own.toLocaleLowerCase(code));
    assert.equal(new Intl.Locale(region).language, code);
  }
});

test('numbers, dates and weeks follow the language', () => {
  const noon = '2026-03-09T11:00:00Z';
  const at = (code: string) => {
    const locale = LANGUAGES[code]?.region ?? code;
    const date = formatter(locale, 'Europe/Rome', { day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(noon));
    return [fixed(12_345_678, 3, locale), date, firstWeekdayOf(locale)].map((x) => String(x).replace(/[\u00a0\u202f]/g, ' '));
  };
  assert.deepEqual(at('bg'), ['12 345,678', '9 март 2026 г.', '1']);
  assert.deepEqual(at('de'), ['12.345,678', '9. März 2026', '1']);
  assert.deepEqual(at('en'), ['12,345.678', '9 March 2026', '1']);
  assert.deepEqual(at('es'), ['12.345,678', '9 de marzo de 2026', '1']);
  assert.deepEqual(at('fr'), ['12 345,678', '9 mars 2026', '1']);
  assert.deepEqual(at('ru'), ['12 345,678', '9 марта 2026 г.', '1']);
  assert.equal(firstWeekdayOf('en-US'), 7);
});

test('plural forms follow the language and numbers its digits', () => {
  const m = { one: '{n} hour', other: '{n} hours' };
  assert.equal(fill(m, 'en-GB', { n: 1 }), '1 hour');
  assert.equal(fill(m, 'en-GB', { n: 0 }), '0 hours');
  assert.equal(fill(m, 'en-GB', { n: 12_345 }), '12,345 hours');
  const ru = { one: '{n} час', few: '{n} часа', many: '{n} часов', other: '{n} часа' };
  assert.deepEqual([1, 3, 11, 21].map((n) => fill(ru, 'ru', { n })), ['1 час', '3 часа', '11 часов', '21 час']);
  assert.equal(fill('{who} has {n}', 'de-DE', { who: 'Anna', n: 1234.5 }), 'Anna has 1.234,5');
  assert.equal(fill('{unknown}', 'en', {}), '{unknown}');
});
