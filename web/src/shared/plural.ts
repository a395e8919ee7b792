// SPDX-License-Identifier: Apache-2.0
// Filling in a message: "{n} meters" or, by the language's plural rules, {"one": "...", "other": "..."}.

export type Message = string | Partial<Record<Intl.LDMLPluralRule, string>>;
export type Params = Record<string, string | number>;

const rules = new Map<string, Intl.PluralRules>();

function ruleOf(locale: string, n: number): Intl.LDMLPluralRule {
  let r = rules.get(locale);
  if (!r) {
    r = new Intl.PluralRules(locale);
    rules.set(locale, r);
  }
  return r.select(n);
}

/** The text of `message`; the plural form follows the parameter named n. Numbers are written the locale's way. */
export function fill(message: Message, locale: string, params: Params = {}): string {
  let text: string;
  if (typeof message === 'string') {
    text = message;
  } else {
    const n = params['n'];
    const rule = typeof n === 'number' ? ruleOf(locale, n) : 'other';
    text = message[rule] ?? message.other ?? '';
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const v = params[name];
    if (v === undefined) return whole;
    return typeof v === 'number' ? new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(v) : v;
  });
}
