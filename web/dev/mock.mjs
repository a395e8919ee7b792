// SPDX-License-Identifier: Apache-2.0
// A stand-in for the platform's REST API, for developing the pages and for their browser tests. It serves dist/ with the
// strict content security policy that the platform sends, so that a page which needs more fails here already.
//   node dev/mock.mjs [port]            MW_MOCK_METERS=0 for an empty town

import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { narrow, startWork } from './mock-work.mjs';
import { fileURLToPath } from 'node:url';
import { mockAlarms } from './mock-alarms.mjs';
import { hash, iso, makeTown, points, previousRange, registerAt, START } from './mock-data.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json' };
export const CSP = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'";
const ATTEMPTS = 5;
const LOCK_S = 30;
const MAX_BODY = 65_536;
const HOUR = 3_600_000;

export async function startMock({ port = 0, meters = 230, factor = 60, passwords } = {}) {
  const town = makeTown(meters);
  const byId = new Map(town.map((m) => [m.id, m]));
  const secret = passwords ?? { operator: randomBytes(9).toString('base64url'), anna: randomBytes(9).toString('base64url'), bruno: randomBytes(9).toString('base64url'), empty: randomBytes(9).toString('base64url') };
  const users = {
    operator: { id: 'us-1', login: 'operator', name: 'Marta Conti', role: 'operator', time_zone: 'Europe/Rome', locale: 'en-GB' },
    anna: { id: 'us-2', login: 'anna', name: 'Anna Rossi', role: 'consumer', time_zone: 'Europe/Rome', locale: 'en-GB' },
    bruno: { id: 'us-3', login: 'bruno', name: 'Bruno de la Fuente y Santander', role: 'consumer', time_zone: 'Europe/Rome', locale: 'en-GB' },
    empty: { id: 'us-4', login: 'empty', name: 'Nora Neumann', role: 'consumer', time_zone: 'Europe/Rome', locale: 'en-GB' },
  };
  const sessions = new Map();
  const failures = new Map();
  const streams = new Set();
  const born = performance.now();
  let eventId = 0;
  let uplinks = 41_200;
  const now = () => START + Math.round((performance.now() - born) * factor);

  const alarms = mockAlarms(town, now);
  const seen = (m) => (m.neverHeard ? null : m.lastSeen ?? (m.silent ? START - 4.2 * 24 * HOUR : START - (hash(m.index, 21) % (20 * HOUR))));

  function brief(m, operator) {
    const at = seen(m);
    const readAt = at === null ? null : Math.floor(at / HOUR) * HOUR;
    const value = readAt === null ? 0 : registerAt(m, readAt);
    const flags = [];
    if (m.index % 23 === 4) flags.push('low_battery');
    if (m.index % 41 === 9) flags.push('leak', 'reverse');
    return {
      id: m.id, device_id: m.device, serial: m.serial, channel: 0, medium: m.medium, label: m.label, model: m.model, obis: m.obis,
      unit: m.unit, scale: 0, usage_point: m.usagePoint,
      customer: operator ? { id: m.customer.id, name: m.customer.name } : null,
      last_reading: readAt === null ? null : { at: iso(readAt), value, text: (value / 1000).toFixed(3), unit: m.unit === 'L' ? 'm³' : 'kWh' },
      last_seen: at === null ? null : iso(at), level_cdbm: at === null ? null : m.level, snr_cdb: at === null ? null : m.level + 13_400,
      clock_offset_ms: at === null ? null : m.offset, flags,
    };
  }

  function overviewBody() {
    const by_medium = {};
    for (const m of town) by_medium[m.medium] = (by_medium[m.medium] ?? 0) + 1;
    const t = now();
    return {
      now: iso(t), clock: { source: 'town', factor },
      meters: { total: town.length, heard_24h: town.filter((m) => !m.neverHeard && !m.silent).length, by_medium },
      uplinks: { received: uplinks, duplicates: Math.floor(uplinks / 9), quarantined: town.length ? 3 : 0, last_at: town.length ? iso(t - 4000) : null },
      stations: town.length ? [{ id: 'st-1', last_contact: iso(t - 2000), frames_24h: 512, epoch: '9f3c1a7be2d04455' }, { id: 'st-2', last_contact: iso(START - 30 * HOUR), frames_24h: 0, epoch: '0be2d0445599f3c1' }] : [],
      readings_24h: town.length * 24 - 100, missing_hours_24h: town.length ? 84 : 0,
    };
  }

  const work = startWork(town, now);
  const timer = setInterval(() => {
    if (town.length === 0 || streams.size === 0) return;
    const lot = [0, 1, 2, 3, ...Array.from({ length: 5 }, () => hash(eventId, performance.now()) % town.length)];
    for (const i of new Set(lot)) {
      const m = town[i];
      if (!m || m.neverHeard || m.silent) continue;
      m.lastSeen = now();
      m.level = -9500 - (hash(i, eventId) % 3600);
      uplinks += 1;
      const b = brief(m, true);
      eventId += 1;
      const data = JSON.stringify({ meter: m.id, at: b.last_reading.at, value: b.last_reading.value, received_at: b.last_seen, level_cdbm: b.level_cdbm });
      for (const s of streams) if (s.allowed(m)) s.res.write(`id: ${eventId}\nevent: reading\ndata: ${data}\n\n`);
    }
    for (const s of streams) if (s.operator) s.res.write(`event: overview\ndata: ${JSON.stringify(overviewBody())}\n\n`);
  }, 1000);

  const send = (res, status, body, headers = {}) => {
    res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
    res.end(body === undefined ? '' : JSON.stringify(body));
  };
  const fail = (res, status, code, message, headers) => send(res, status, { error: { code, message } }, headers);
  const cookieOf = (req) => /(?:^|; )mw_session=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1];

  async function body(req) {
    let text = '';
    for await (const chunk of req) {
      text += chunk;
      if (text.length > MAX_BODY) throw new Error('too large');
    }
    return JSON.parse(text);
  }

  async function signIn(req, res) {
    const { login, password } = await body(req);
    const f = failures.get(login) ?? { n: 0, until: 0 };
    const wait = Math.ceil((f.until - Date.now()) / 1000);
    if (wait > 0) return fail(res, 429, 'LOCKED', 'too many attempts', { 'Retry-After': String(wait) });
    if (!users[login] || secret[login] !== password) {
      f.n += 1;
      if (f.n >= ATTEMPTS) f.until = Date.now() + LOCK_S * 1000;
      failures.set(login, f);
      return fail(res, 401, 'UNAUTHORIZED', 'wrong login or password');
    }
    failures.delete(login);
    const id = randomBytes(18).toString('base64url');
    sessions.set(id, { user: users[login], csrf: randomBytes(12).toString('hex') });
    return send(res, 200, sessionBody(sessions.get(id)), { 'Set-Cookie': `mw_session=${id}; HttpOnly; SameSite=Strict; Path=/` });
  }
  const sessionBody = (s) => ({ user: s.user, csrf: s.csrf, currency: { code: 'EUR', exponent: 2 }, now: iso(now()), clock: { source: 'town', factor } });

  function list(res, q, visible, operator) {
    const limit = Math.min(Number(q.get('limit') ?? 50), 200);
    let all = narrow(visible, q, now()).items;
    if (q.get('sort') === 'last_seen') all = [...all].sort((a, b) => (seen(b) ?? 0) - (seen(a) ?? 0));
    const after = (q.get('after') ? all.findIndex((m) => m.id === q.get('after')) + 1 : 0) + Number(q.get('skip') ?? 0);
    const items = all.slice(after, after + limit);
    const next = after + limit < all.length ? items.at(-1).id : null;
    return send(res, 200, { items: items.map((m) => brief(m, operator)), next, total: all.length });
  }

  function consumption(m, q) {
    const step = q.get('step') ?? 'day';
    const from = q.get('from');
    const to = q.get('to');
    const pts = points(m, step, from, to, now());
    const total = (p) => p.reduce((s, x) => s + (x.value ?? 0), 0);
    const out = { step, unit: m.unit, scale: 0, time_zone: m.usagePoint.time_zone, from, to, points: pts, total: total(pts), complete: pts.every((p) => p.received === p.expected) };
    if (q.get('compare') === 'previous') {
      const before = previousRange(step, from, to);
      const p = points(m, step, before.from, before.to, now());
      out.previous = { points: p, total: total(p) };
    }
    return out;
  }

  function logs(m, what, limit) {
    if (m.neverHeard) return [];
    const t = seen(m);
    const n = Array.from({ length: Math.min(limit, what === 'events' ? m.index % 4 : 80) }, (_, i) => i);
    if (what === 'receptions') {
      return n.map((i) => ({ frame: i + 1, received_at: iso(t - i * 7.3 * HOUR), station: i % 5 === 3 ? 'st-2' : 'st-1', frequency_mhz: 868_100_000_000 + (hash(m.index, i) % 180_000_000) - 90_000_000, level_cdbm: m.level - (hash(i) % 500), snr_cdb: m.level + 13_400 - (hash(i) % 500), rate: 'R1', size: m.medium === 'water' ? 'M' : 'L', counter: m.frames - Math.floor(i / 2), duplicate: i % 2 === 1, bytes: m.medium === 'water' ? 29 : 61 }));
    }
    if (what === 'readings') {
      return n.map((i) => { const at = Math.floor(t / HOUR) * HOUR - i * 24 * HOUR; return { t_meter: iso(at), t_received: iso(at + 190_000), t_stored: iso(at + 191_400), obis: m.obis, value: registerAt(m, at) }; });
    }
    return n.map((i) => ({ at: iso(t - (i + 1) * 51 * HOUR), received_at: iso(t - (i + 1) * 51 * HOUR + 60_000), code: 3 + i, name: ['boot', 'clock_set', 'battery'][i % 3], value: 0 }));
  }

  function exportFile(res, m, q, kind) {
    const c = consumption(m, q);
    const rows = ['start,end,value,unit,expected,received,quality', ...c.points.map((p) => [p.start, p.end, p.value ?? '', c.unit, p.expected, p.received, p.quality.join(' ')].join(','))].join('\r\n');
    const data = kind === 'csv' ? rows : `PK\u0003\u0004 stand-in, not a workbook\n${rows}`;
    res.writeHead(200, { 'Content-Type': kind === 'csv' ? 'text/csv; charset=utf-8' : 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'Content-Disposition': `attachment; filename="${m.serial}_${c.step}_${c.from}.${kind}"` });
    res.end(data);
  }

  async function api(req, res, url) {
    const path = url.pathname.slice(4);
    if (path === 'session' && req.method === 'POST') return signIn(req, res);
    const id = cookieOf(req);
    const s = sessions.get(id);
    if (!s) return fail(res, 401, 'UNAUTHORIZED', 'sign in first');
    if (path === 'session') {
      if (req.method === 'GET') return send(res, 200, sessionBody(s));
      if (req.headers['x-csrf-token'] !== s.csrf) return fail(res, 403, 'CSRF', 'token missing');
      sessions.delete(id);
      return send(res, 204, undefined);
    }
    const operator = s.user.role === 'operator';
    const visible = operator ? town : town.filter((m) => m.customer.login === s.user.login);
    if (path === 'stream') {
      res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      res.write('retry: 1000\n\n');
      const entry = { res, operator, allowed: (m) => operator || m.customer.login === s.user.login };
      streams.add(entry);
      req.on('close', () => streams.delete(entry));
      return undefined;
    }
    const told = await alarms(req.method, path, url.searchParams, () => body(req), s.user);
    if (told) return send(res, told[0], told[1]);
    const worked = operator ? await work(req.method, path, url.searchParams, () => body(req), s.user) : null;
    if (worked) return send(res, worked[0], worked[1]);
    if (path === 'overview') return operator ? send(res, 200, overviewBody()) : fail(res, 403, 'FORBIDDEN', 'operators only');
    if (path === 'stations') {
      const told = [{ version: '1.0.0', spool_items: 0, spool_bytes: 0, time_source: 'GNSS', time_uncertainty_us: 850, modes: [], duty_ppm: 1240, duty_limit_ppm: 10_000, duty_left_ms: 31_500, frames: 91_204 },
        { version: '1.0.0', spool_items: 18_420, spool_bytes: 3_912_000, time_source: 'NTP', time_uncertainty_us: 41_000, modes: ['no_platform'], duty_ppm: 9980, duty_limit_ppm: 10_000, duty_left_ms: 70, frames: 44_001 }];
      return send(res, 200, { items: overviewBody().stations.map((s, i) => ({ ...s, listens: i === 0, told_at: s.last_contact, picture_at: null, status: told[i] ?? null })) });
    }
    if (path === 'meters') return list(res, url.searchParams, visible, operator);
    const [, meterId, rest] = /^meters\/([^/]+)(?:\/(.+))?$/.exec(path) ?? [];
    const m = meterId ? byId.get(decodeURIComponent(meterId)) : undefined;
    if (!m || !visible.includes(m)) return fail(res, 404, 'NOT_FOUND', 'no such meter');
    if (!rest) {
      const b = brief(m, operator);
      const registers = b.last_reading ? [{ obis: m.obis, name: 'Total', ...b.last_reading }] : [];
      return send(res, 200, { ...b, registers, stats: { frames: m.neverHeard ? 0 : m.frames, duplicates: m.neverHeard ? 0 : m.frames >> 3, stations: m.neverHeard ? [] : ['st-1'] }, installation: { from: '2024-11-04T09:00:00Z', initial_value: m.initial } });
    }
    if (rest === 'consumption') return send(res, 200, consumption(m, url.searchParams));
    if (rest === 'export.csv' || rest === 'export.xlsx') return exportFile(res, m, url.searchParams, rest.slice(7));
    if (['receptions', 'readings', 'events'].includes(rest)) return send(res, 200, { items: logs(m, rest, Number(url.searchParams.get('limit') ?? 50)), next: null });
    return fail(res, 404, 'NOT_FOUND', 'no such address');
  }

  async function file(res, url) {
    const path = normalize(url.pathname === '/' ? '/index.html' : url.pathname);
    try {
      const data = await readFile(join(DIST, path));
      res.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin', ETag: `"${createHash('sha256').update(data).digest('hex').slice(0, 16)}"` });
      res.end(data);
    } catch {
      fail(res, 404, 'NOT_FOUND', 'no such file');
    }
  }

  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://localhost');
    const done = url.pathname.startsWith('/v1/') ? api(req, res, url) : file(res, url);
    done?.catch?.((e) => fail(res, 400, 'BAD_REQUEST', String(e.message)));
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    passwords: secret,
    /** Cuts all live streams, as a platform that restarts does. */
    cutStreams: () => { for (const s of streams) s.res.destroy(); },
    expireSessions: () => { sessions.clear(); for (const s of streams) s.res.destroy(); },
    stop: () => { clearInterval(timer); server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = await startMock({ port: Number(process.argv[2] ?? 8090), meters: Number(process.env.MW_MOCK_METERS ?? 230) });
  console.log(`mock platform at ${mock.url}`);
  for (const [login, password] of Object.entries(mock.passwords)) console.log(`  ${login}  ${password}`);
}
