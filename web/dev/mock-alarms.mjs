// SPDX-License-Identifier: Apache-2.0
// Alarms, rules and collection of the stand-in: enough of everything for the pages and their tests.

import { hash, iso } from './mock-data.mjs';

const HOUR = 3_600_000;
const RULES = [['leak', 'major', true], ['burst', 'critical', true], ['tamper', 'critical', false], ['battery', 'minor', false], ['silent', 'minor', false], ['station_down', 'critical', false], ['deviation', 'info', true]];

export function mockAlarms(town, now) {
  let version = 1;
  const settings = [];
  const meterPart = (m) => ({ meter: m?.id ?? null, serial: m?.serial ?? null, medium: m?.medium ?? null, label: m?.label ?? null, address: m?.usagePoint.address ?? null });
  const make = (id, rule, severity, m, more = {}) => {
    const at = now() - (id * 3 + 1) * HOUR;
    const flow = rule === 'leak' || rule === 'burst';
    const inputs = flow
      ? { from: iso(at - 24 * HOUR), to: iso(at), value: 6, threshold: 4, unit: 'L', hours: Array.from({ length: 36 }, (_, i) => (i === 7 ? null : i < 12 ? hash(id, i) % 9 : 6 + (hash(id, i) % 14))) }
      : rule === 'silent' ? { seen: 'no value', from: iso(at - 30 * HOUR), value: 30, threshold: 24, unit: 'h', risk_per_day: 1_250_000 }
        : rule === 'station_down' ? { seen: 'station down', from: iso(at), meters: 40, late: 38, silenced: 38 } : { seen: 'battery', at: iso(at), value: 3050, threshold: 3100, unit: 'mV' };
    return { id, rule, version: 1, subject: m ? `channel/${m.index + 1}` : 'station/st-2', ...meterPart(m), station: m ? null : 'st-2', severity, state: 'open', clearing: false, snoozed_until: null, value: 6, threshold: 4, members: 0, root: null, count: 3, opened_at: iso(at), last_at: iso(at + HOUR), closed_at: null, closed_by: null, assignee: null, acknowledged_at: null, acknowledged_by: null, inputs, latest: inputs, history: [{ at: iso(at), who: null, what: 'opened', text: '' }], ...more };
  };
  const all = town.length === 0 ? [] : [
    make(1, 'station_down', 'critical', null, { members: 38 }),
    make(2, 'silent', 'minor', town[5], { root: 1 }),
    make(3, 'leak', 'major', town[0]),
    make(4, 'tamper', 'critical', town[3]),
    make(5, 'battery', 'minor', town[4]),
    make(6, 'burst', 'critical', town[8]),
    make(7, 'leak', 'major', town[12], { state: 'acknowledged', acknowledged_by: 'operator', assignee: 'operator' }),
    make(8, 'silent', 'minor', town[20]),
    make(9, 'leak', 'major', town[15], { state: 'closed', closed_at: iso(now()) }),
  ].filter((a) => a.station || a.serial);
  const recipients = new Map(town.length === 0 ? [] : [['on-call', { id: 'on-call', name: 'On call', kind: 'email', target: 'oncall@waterworks.example', on: true, severity: 'major', rules: '', area: null, escalated_only: false, quiet_from: 1320, quiet_to: 360, quiet_severity: 'critical', time_zone: 'Europe/Rome', language: 'en', digest_s: 300, escalate_s: 1800, escalate_to: null }]]);
  const deliveries = town.length === 0 ? [] : [{ id: 1, recipient: 'on-call', alarm: 1, what: 'opened', state: 'dead', created_at: iso(now()), due_at: iso(now()), done_at: iso(now()), attempts: 8, error: 'Could not resolve host: mail.waterworks.example' }];
  const order = ['info', 'minor', 'major', 'critical'];
  const open = () => all.filter((a) => a.state !== 'closed');

  function list(q) {
    const state = q.get('state') ?? 'active';
    const root = q.get('root');
    const search = (q.get('search') ?? '').toLowerCase();
    const items = all.filter((a) => (state === 'all' || (state === 'active' ? a.state !== 'closed' : a.state === state))
      && (root ? a.root === Number(root) : a.root === null)
      && (!q.get('severity') || order.indexOf(a.severity) >= order.indexOf(q.get('severity')))
      && (!q.get('rule') || a.rule === q.get('rule'))
      && (!q.get('assignee') || a.assignee === q.get('assignee'))
      && (q.get('snoozed') !== 'false' || !a.snoozed_until || Date.parse(a.snoozed_until) < now())
      && (!search || [a.serial, a.address, a.station].some((s) => s?.toLowerCase().includes(search))));
    return { items: items.sort((a, b) => b.id - a.id), next: null };
  }
  function act(body, login) {
    for (const id of body.alarms) {
      const a = all.find((x) => x.id === id);
      if (!a || a.state === 'closed') return false;
      const done = { acknowledge: 'acknowledged', assign: 'assigned', snooze: 'snoozed', close: 'closed', note: 'note' }[body.action];
      if (body.action === 'acknowledge') a.state = 'acknowledged';
      if (body.action === 'close') Object.assign(a, { state: 'closed', closed_at: iso(now()), closed_by: login });
      if (body.action === 'assign') a.assignee = body.text || null;
      if (body.action === 'snooze') a.snoozed_until = body.until;
      a.history.push({ at: iso(now()), who: login, what: done, text: body.action === 'snooze' ? body.until : body.text ?? '' });
    }
    return true;
  }
  function counts() {
    const by = new Map();
    for (const a of open().filter((x) => x.root === null)) {
      const key = `${a.rule}/${a.severity}/${a.state}`;
      by.set(key, { rule: a.rule, severity: a.severity, state: a.state, snoozed: false, alarms: (by.get(key)?.alarms ?? 0) + 1 });
    }
    return { now: iso(now()), items: [...by.values()] };
  }
  const param = (name, unit, min, max, r, c, own = false) => ({ name, unit, min, max, own, preset: { residential: r, commercial: c } });
  function rules() {
    const items = RULES.map(([rule, severity, values]) => {
      const n = order.indexOf(severity) + 1;
      const params = [param('on', '', 0, 1, 1, 1), param('severity', '', 1, 4, n, n), param('hold', 's', 0, 31_622_400, 0, 0), param('clear', 's', 0, 31_622_400, 0, 0), ...(rule === 'leak' ? [param('floor', 'L/h', 1, 100_000, 4, 38, true), param('hours', 'h', 2, 336, 24, 168, true)] : [])];
      const force = (c) => Object.fromEntries(params.map((p) => [p.name, settings.find((s) => s.rule === rule && s.name === p.name && !s.meter && (s.class === c || s.class === 'all'))?.value ?? p.preset[c]]));
      return { rule, latched: rule === 'tamper', values, consumer: values, version, params, in_force: { residential: force('residential'), commercial: force('commercial') } };
    });
    return { items, settings, history: [...settings].reverse() };
  }
  const mark = (m, day, at, share) => {
    const missing = Math.round(town.length * (1 - share));
    return { mark: m, day, at, expected: town.length * 24, collected: Math.round(town.length * 24 * (1 - (1 - share) * 0.8)), meters: town.length, missing, causes: { meter: Math.ceil(missing / 6), radio: Math.floor(missing / 3), station: missing - Math.ceil(missing / 6) - Math.floor(missing / 3), backhaul: 0 } };
  };
  function collection(q) {
    const day = (n) => iso(now() - n * 24 * HOUR).slice(0, 10);
    if (!town.length) return { now: iso(now()), counted_at: iso(now()), marks: [], missing: [], history: [] };
    const missing = town.filter((m) => m.silent || m.neverHeard).map((m, i) => ({ meter: m.id, serial: m.serial, medium: m.medium, label: m.label, address: m.usagePoint.address, slots: 24 - (i % 5), cause: ['meter', 'radio', 'station'][i % 3], heard_at: m.neverHeard ? null : iso(now() - 26 * HOUR), snr_cdb: 400 }));
    return { now: iso(now()), counted_at: iso(now() - 5000), marks: [mark('06:00', day(1), iso(now() - 6 * HOUR), 0.94), mark('10:00', day(1), iso(now() - 2 * HOUR), 0.971), mark('D+1', day(2), iso(now() - 12 * HOUR), 0.993), mark('now', day(1), iso(now()), 0.982)], missing: missing.filter((m) => !q.get('cause') || m.cause === q.get('cause')).slice(0, Number(q.get('limit') ?? 50)), history: Array.from({ length: 12 }, (_, i) => mark('D+1', day(13 - i), iso(now() - (12 - i) * 24 * HOUR), 0.97 + (hash(i, 3) % 30) / 1000)) };
  }

  /** Answers [status, body], or undefined when the path is not one of these. */
  return async (method, path, q, read, user) => {
    if (!/^(alarms|alarm-rules|collection|recipients|deliveries|vee\/summary)/.test(path)) return undefined;
    if (user.role !== 'operator') return [403, { error: { code: 'FORBIDDEN', message: 'operators only' } }];
    if (path === 'collection') return [200, collection(q)];
    if (path === 'vee/summary') return [200, { meters: { late: 2, suspect: 1, 'out of order': 0, estimated: town.length ? 3 : 0, restored: 0, 'trued up': 0 }, total: { risk_per_day: town.length ? 4_310_000 : 0, estimated_money: 0, uncertain_money: town.length ? 820_000 : 0 }, items: town.filter((m) => m.silent).slice(0, 4).map((m) => ({ meter: m.id, serial: m.serial, medium: m.medium, label: m.label, address: m.usagePoint.address, state: 'estimated', cause: 'meter', since: iso(now() - 86_400_000 * 3), unit: m.unit, scale: 0, slots: 72, estimated: 4200, low: 3600, high: 4900, risk_per_day: 1_070_000, estimated_money: 400_000, uncertain_money: 120_000 })) }];
    if (path === 'recipients') return [200, { items: [...recipients.values()] }];
    if (path === 'deliveries') return [200, { items: deliveries.filter((d) => !q.get('state') || d.state === q.get('state')), next: null }];
    const [, who, what] = /^recipients\/([a-z0-9_-]+)(\/test|\/secret)?$/.exec(path) ?? [];
    if (who && what === '/secret') return [200, { secret: 'ab'.repeat(32) }];
    if (who && what) return [200, { status: 'done' }];
    if (who && method === 'PUT') {
      const b = await read();
      if (!/^https:|@/.test(b.target)) return [400, { error: { code: 'INVALID', message: 'a webhook needs https, or a host that the operator allowed' } }];
      recipients.set(who, { id: who, ...b, area: b.area || null, escalate_to: b.escalate_to || null });
      return [200, { status: 'done' }];
    }
    if (who && method === 'DELETE') return recipients.delete(who) ? [200, { status: 'done' }] : [404, { error: { code: 'NOT_FOUND', message: 'there is no such thing' } }];
    const [, dead] = /^deliveries\/(\d+)\/resend$/.exec(path) ?? [];
    if (dead) {
      Object.assign(deliveries.find((d) => d.id === Number(dead)) ?? {}, { state: 'sent', error: null });
      return [200, { status: 'done' }];
    }
    if (path === 'alarms') return [200, list(q)];
    if (path === 'alarms/summary') return [200, counts()];
    if (path === 'alarms/actions') return act(await read(), user.login) ? [200, { status: 'done' }] : [409, { error: { code: 'CONFLICT', message: 'one of them is closed already' } }];
    if (path === 'alarm-rules') return [200, rules()];
    if (path === 'alarm-rules/settings') {
      const b = await read();
      const at = settings.findIndex((s) => s.rule === b.rule && s.name === b.name && s.class === (b.class ?? 'all'));
      if (at >= 0) settings.splice(at, 1);
      version += 1;
      if (b.value !== null) settings.push({ rule: b.rule, name: b.name, class: b.class ?? 'all', meter: b.meter ?? null, serial: null, value: b.value, version, at: iso(now()), who: user.login, reason: b.reason, removed: false });
      return [200, { status: 'done' }];
    }
    if (path === 'alarm-rules/dry-run') return [200, { meters: town.length, of: town.length, now: { alarms: 12, meters: 9 }, tried: { alarms: 4, meters: 3 } }];
    const [, id, rest] = /^alarms\/(\d+)(\/members)?$/.exec(path) ?? [];
    const a = all.find((x) => x.id === Number(id));
    if (!a) return [404, { error: { code: 'NOT_FOUND', message: 'no such alarm' } }];
    if (rest) return [200, { items: a.members ? town.slice(20, 30).map((m) => ({ meter: m.id, serial: m.serial, address: m.usagePoint.address, silent_since: iso(now() - 40 * HOUR), risk_per_day: 900_000 })) : [], total: a.members }];
    return [200, { alarm: a, history: a.history, thresholds: a.rule === 'leak' ? [{ name: 'floor', unit: 'L/h', value: 4 }, { name: 'hours', unit: 'h', value: 24 }] : [] }];
  };
}
