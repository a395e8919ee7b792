// SPDX-License-Identifier: Apache-2.0
// What the mock answers to the console's working pages: facets, saved filters, notes, frames, findings, coverage, imports.

import { hash, iso } from './mock-data.mjs';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Which meters a list is narrowed to; the same conditions as the platform's. */
export function narrow(all, q, now) {
  const signal = (m) => (m.neverHeard ? 'none' : (m.level ?? -11000) > -10500 ? 'good' : (m.level ?? -11000) > -12000 ? 'fair' : 'weak');
  const states = (m) => (m.neverHeard ? ['never'] : m.silent ? ['silent', 'estimated'] : ['heard']);
  const seen = (m) => (m.neverHeard ? 'never' : m.silent ? 'week' : 'day');
  const stations = (m) => (m.neverHeard ? ['none'] : m.index % 3 === 0 ? ['st-1', 'st-2'] : ['st-1', 'single']);
  const of = { medium: (m) => [m.medium], model: (m) => [m.model], state: states, signal: (m) => [signal(m)], seen: (m) => [seen(m)], station: stations };
  const search = (q.get('search') ?? '').toLowerCase();
  const found = (m) => !search || [m.serial, m.usagePoint.address, m.customer.name].some((s) => s.toLowerCase().includes(search));
  const fits = (m, but) => found(m) && Object.entries(of).every(([f, values]) => f === but || !q.get(f) || values(m).includes(q.get(f)));
  const facets = () => Object.fromEntries(Object.entries(of).map(([f, values]) => {
    const n = new Map();
    for (const m of all) if (fits(m, f)) for (const v of values(m)) n.set(v, (n.get(v) ?? 0) + 1);
    return [f, [...n].map(([value, count]) => ({ value, label: null, count }))];
  }));
  return { items: all.filter((m) => fits(m)), facets, now };
}

export function startWork(town, now) {
  const filters = [];
  const notes = new Map();
  const judged = new Set();
  let id = 0;

  function finding(m, i, whole) {
    const from = Math.floor(now() / DAY) * DAY - (i % 5) * DAY - DAY;
    const values = Array.from({ length: 72 }, (_, k) => {
      const found = k >= 34 && k < 34 + 2 + (i % 6);
      const real = 20 + (hash(m.index, k) % 80);
      return {
        start: iso(from + (k - 24) * HOUR), found, raw: found ? (i % 2 ? null : real * 9) : real, final: real,
        layer: found ? 'final' : 'raw', method: found ? 'E5' : null, ...(found ? { low: real - 12, high: real + 18 } : {}), quality: [],
      };
    });
    const sum = (f) => values.reduce((s, v) => s + (f(v) ?? 0), 0);
    return {
      id: i + 1, rule: ['V03', 'V08', 'V07', 'V15'][i % 4], name: 'finding', severity: ['fail', 'fail', 'warn', 'flag'][i % 4], from: iso(from + 10 * HOUR), to: iso(from + 13 * HOUR), inputs: [[{ name: 'missing', unit: 'intervals', value: 3 }], [{ name: 'excess', unit: 'ppm', value: 2_500_000 }, { name: 'value', unit: 'count', value: 712 }, { name: 'third', unit: 'count', value: 203 }, { name: 'threshold', unit: 'ppm', value: 1_800_000 }], [{ name: 'value', unit: 'count', value: 1840 }, { name: 'threshold', unit: 'count', value: 1500 }], [{ name: 'equal', unit: 'intervals', value: 8 }, { name: 'value', unit: 'count', value: 17 }, { name: 'threshold', unit: 'intervals', value: 8 }]][i % 4],
      found_at: iso(now() - i * HOUR), closed_at: null, judged: null, reason: null, meter: m.id, serial: m.serial, medium: m.medium, address: m.usagePoint.address, time_zone: m.usagePoint.time_zone,
      unit: m.unit, scale: 0, expected: 72, raw: { sum: sum((v) => v.raw), present: 70 }, final: { sum: sum((v) => v.final), present: 72, estimated: values.filter((v) => v.method).length },
      difference: Math.abs(sum((v) => v.raw) - sum((v) => v.final)), difference_money: (i + 1) * 730_000, seconds: 3600, ...(whole ? { values } : {}),
    };
  }
  const findings = () => town.slice(0, Math.min(12, town.length)).map((m, i) => [m, i]).filter(([, i]) => !judged.has(i + 1));

  const fixed = {
    areas: { items: [{ id: 'north', kind: 'region', name: 'North side' }] },
    mappings: { items: [] },
    imports: { items: [], next: null },
    'vee/rules': { items: ['V03', 'V08', 'V15'].map((rule, i) => ({ rule, name: rule, on: true, severity: ['fail', 'fail', 'warn'][i], found: 31 - i * 9, meters: 9 - i, open: 4, accepted: 12 - i, rejected: 6, edited: 2, gone: 5, accepted_share_ppm: 600_000, newest: null })) },
  };

  async function ofMeter(method, m, rest, body, user) {
    if (rest === 'notes' && method === 'GET') return [200, { items: notes.get(m.id) ?? [], next: null }];
    if (rest === 'notes') {
      notes.set(m.id, [{ id: ++id, at: iso(now()), who: user.name, text: (await body()).text }, ...(notes.get(m.id) ?? [])]);
      return [201, { id }];
    }
    if (rest === 'installations') return [200, { as_of: null, items: [{ usage_point: m.usagePoint.id ?? 'up-1', from: '2024-11-04T09:00:00Z', to: null, initial_value: m.initial, final_value: null, recorded_at: null }] }];
    if (rest === 'revisions') return [200, { items: [], next: null }];
    if (rest === 'heard') return [200, { items: [{ station: 'st-1', last: iso(now()), level_cdbm: -10100, snr_cdb: 1500 }] }];
    if (/^frames\/\d+$/.test(rest)) {
      return [200, {
        frame: 1, received_at: iso(now()), station: 'st-1', rate: 'R1', size: 'M', counter: 412, key_epoch: 0, opened: true, payload: '00001001019c1122334455667788',
        parts: [{ at: 0, bytes: 4, hex: '00001001', name: 'address', fields: [{ name: 'address', value: '4097', unit: null }] }, { at: 4, bytes: 2, hex: '019c', name: 'control', fields: [{ name: 'counter_low', value: '412', unit: null }] },
          { at: 6, bytes: 4, hex: '11223344', name: 'day', fields: [{ name: 'register', value: '123456', unit: m.unit }] }, { at: 10, bytes: 4, hex: '55667788', name: 'tag', fields: [{ name: 'check', value: 'ok', unit: null }] }],
      }];
    }
    return null;
  }

  /** [status, body] of what belongs here, else null. */
  return async function work(method, path, q, body, user) {
    if (fixed[path] && method === 'GET') return [200, fixed[path]];
    if (path === 'meters/facets') {
      const n = narrow(town, q, now());
      return [200, { facets: n.facets(), total: n.items.length, counted_at: iso(now()) }];
    }
    if (path === 'meters/bulk') return [200, { done: (await body()).meters.length, left_out: 0 }];
    if (path === 'filters' && method === 'GET') return [200, { items: filters }];
    if (path === 'filters') {
      filters.push({ id: ++id, changed_at: iso(now()), ...(await body()) });
      return [201, { id }];
    }
    if (path.startsWith('filters/')) {
      filters.splice(filters.findIndex((f) => f.id === Number(path.slice(8))), 1);
      return [204, undefined];
    }
    if (path === 'coverage') {
      const n = town.length;
      return [200, { days: 7, meters: n, several: n - Math.floor(n / 2), single: Math.floor(n / 2), none: 0, stations: n ? [{ id: 'st-1', hears: n, alone: Math.floor(n / 2) }] : [] }];
    }
    if (path === 'vee/summary') return [200, { meters: {}, total: { risk_per_day: 3_250_000, estimated_money: 12_400_000, uncertain_money: 2_100_000 }, doubts: { findings: 4, more: false, money: 8_760_000 }, items: [] }];
    if (path === 'vee/exceptions') return [200, { items: findings().map(([m, i]) => finding(m, i, false)), next: null }];
    const [, number, act] = /^vee\/exceptions\/(\d+)(?:\/(accept|reject))?$/.exec(path) ?? [];
    if (number && act) judged.add(Number(number));
    if (number) return act ? [200, { status: 'done' }] : [200, finding(town[Number(number) - 1], Number(number) - 1, true)];
    const [, meterId, rest] = /^meters\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const m = meterId && town.find((x) => x.id === decodeURIComponent(meterId));
    return m ? ofMeter(method, m, rest, body, user) : null;
  };
}
