// SPDX-License-Identifier: Apache-2.0
// Every language says everything that English says, with the same placeholders and all plural forms it needs.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fill, type Message } from '../src/shared/plural';

declare const MESSAGES: string;
const PARTS = ['common', 'console', 'account'];
const read = (language: string, part: string) =>
  JSON.parse(readFileSync(join(MESSAGES, language, `${part}.json`), 'utf8')) as Record<string, Message>;
const holes = (m: Message) =>
  [...new Set((typeof m === 'string' ? [m] : Object.values(m)).flatMap((s) => (s ?? '').match(/\{\w+\}/g) ?? []))].sort();

for (const language of readdirSync(MESSAGES)) {
  const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  for (const part of PARTS) {
    test(`${language}/${part}`, () => {
      const english = read('en', part);
      const own = read(language, part);
      assert.deepEqual(Object.keys(own).sort(), Object.keys(english).sort());
      for (const [key, m] of Object.entries(own)) {
        assert.deepEqual(holes(m), holes(english[key] ?? ''), key);
        if (typeof m === 'string') assert.ok(m.trim(), `${key} is empty`);
        else for (const form of needed) assert.ok(m[form]?.trim(), `${key} lacks the form "${form}"`);
      }
    });
  }
}

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
