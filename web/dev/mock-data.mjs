// SPDX-License-Identifier: Apache-2.0
// An invented town for developing and testing the pages without a platform. Nothing here is ever part of the product.
// The same seed gives the same town; the clock starts on the Monday after a spring change to summer time.

export const START = Date.parse('2026-03-30T13:20:00Z');
const HOUR = 3_600_000;
const INSTALLED = Date.parse('2024-11-04T09:00:00Z');
const MS_DAY = 24 * HOUR;

/** A well-mixed 32-bit number from whole numbers. */
export function hash(...parts) {
  let h = 0x9e3779b9;
  for (const p of parts) {
    h = Math.imul(h ^ (p | 0) ^ Math.trunc(p / 0x100000000), 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h, 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}
const unit = (...parts) => hash(...parts) / 0x100000000;

const STREETS = ['Via Roma', 'Via Garibaldi', 'Corso Vittorio Emanuele II', 'Piazza del Mercato', 'Via dei Mulini',
  'Vicolo dell’Acquedotto Vecchio di San Giovanni a Porta Capuana', 'Lindenstraße', 'Rue de la Fontaine'];
const FIRST = ['Anna', 'Bruno', 'Chiara', 'Dario', 'Elena', 'Fabio', 'Giulia', 'Hans', 'Ines', 'Jelena', 'Karim', 'Lucia'];
const LAST = ['Rossi', 'Bianchi', 'Esposito', 'Colombo', 'Ferrari', 'Müller', 'Kowalczyk', 'de la Fuente y Santander', 'Ivanova'];
const WATER_SHAPE = [1, 0, 0, 0, 0, 1, 6, 14, 11, 6, 4, 5, 8, 7, 4, 3, 4, 6, 10, 13, 11, 8, 5, 3];
const POWER_SHAPE = [22, 18, 16, 15, 15, 17, 30, 44, 38, 30, 28, 32, 42, 38, 30, 28, 34, 52, 74, 82, 76, 62, 44, 30];

function makeMeter(i) {
  const home = Math.floor(i / 2);
  const electricity = i % 2 === 1;
  const indian = home === 7;
  const id = (0x4d57000000000000n + BigInt(4096 + i)).toString(16);
  const name = `${FIRST[hash(home, 1) % FIRST.length]} ${LAST[hash(home, 2) % LAST.length]}`;
  return {
    index: i, home, device: id, id: `${id}-0`, medium: electricity ? 'electricity' : 'water',
    serial: `MW-${electricity ? 'P' : 'W'}-${String(i + 1).padStart(6, '0')}`,
    model: electricity ? 'pulse-2' : 'water-r160', label: electricity ? 'Electricity' : 'Cold water',
    obis: electricity ? '1-0:1.8.0*255' : '8-0:1.0.0*255', unit: electricity ? 'Wh' : 'L',
    usagePoint: {
      id: `up-${String(i + 1).padStart(4, '0')}`,
      address: home === 0 ? 'Via Roma 1, flat 2' : `${STREETS[hash(home, 3) % STREETS.length]} ${1 + (hash(home, 4) % 90)}, flat ${1 + (home % 9)}`,
      time_zone: indian ? 'Asia/Kolkata' : 'Europe/Rome',
    },
    customer: home === 0 ? { id: 'cu-0001', name: 'Anna Rossi', login: 'anna' }
      : home <= 2 ? { id: 'cu-0002', name: 'Bruno de la Fuente y Santander', login: 'bruno' }
        : { id: `cu-${String(home + 1).padStart(4, '0')}`, name, login: '' },
    neverHeard: i % 53 === 17, silent: i % 37 === 12, estimates: i % 29 === 4 || i === 0,
    // 2 litres an hour at the meter's own grid: half past in India.
    gridOffset: indian ? 30 * 60_000 : 0, initial: 100_000 + (hash(i, 9) % 3_000_000), prefix: null,
    level: -9500 - (hash(i, 11) % 3600), offset: (hash(i, 12) % 9000) - 4000, frames: 200 + (hash(i, 13) % 900), lastSeen: null,
  };
}

/** Consumption of the meter's hour number n, in litres or watt-hours. */
function hourValue(m, n) {
  const local = (n + 1) % 24;
  const shape = m.medium === 'water' ? WATER_SHAPE[local] : POWER_SHAPE[local];
  const season = 1 + 0.25 * Math.cos(((n / 24 / 365.25) % 1) * 2 * Math.PI);
  const r = unit(m.index, n);
  if (m.medium === 'water') return r < 0.35 ? 0 : Math.round(shape * 2.2 * r * (0.6 + unit(m.index, 5)));
  return Math.round(shape * 9 * (0.5 + r) * season * (0.5 + unit(m.index, 6)));
}

/** What the platform knows of an hour: null is missing. */
export function knownHour(m, n, now) {
  const start = n * HOUR + m.gridOffset;
  if (m.neverHeard || start < INSTALLED) return { value: null, quality: [] };
  const until = m.silent ? now - 4 * MS_DAY : now - 40 * 60_000;
  if (start + HOUR > until) return { value: null, quality: [] };
  if (hash(m.index, Math.floor(n / 3), 77) % 61 === 0) {
    return m.estimates ? { value: hourValue(m, n), quality: ['estimated'] } : { value: null, quality: [] };
  }
  return { value: hourValue(m, n), quality: [] };
}

export function registerAt(m, ms) {
  const first = Math.floor(INSTALLED / HOUR);
  const last = Math.floor((ms - m.gridOffset) / HOUR);
  m.prefix ??= [0];
  while (m.prefix.length <= last - first) m.prefix.push(m.prefix.at(-1) + hourValue(m, first + m.prefix.length - 1));
  return m.initial + m.prefix[Math.max(0, last - first)];
}

export function makeTown(count) {
  return Array.from({ length: count }, (_, i) => makeMeter(i));
}

const formats = new Map();
function offset(ms, zone) {
  let f = formats.get(zone);
  if (!f) {
    f = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' });
    formats.set(zone, f);
  }
  const p = Object.fromEntries(f.formatToParts(ms).map((x) => [x.type, x.value]));
  return Date.parse(`${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}:00Z`) - Math.floor(ms / 60_000) * 60_000;
}

/** The instant at which a local date begins. */
export function midnight(date, zone) {
  const wall = Date.parse(`${date}T00:00:00Z`);
  let ms = wall - offset(wall, zone);
  ms = wall - offset(ms, zone);
  return ms;
}

function next(date, step) {
  const [y, m, d] = date.split('-').map(Number);
  const t = step === 'day' ? Date.UTC(y, m - 1, d + 1) : step === 'month' ? Date.UTC(y, m, 1) : Date.UTC(y + 1, 0, 1);
  return new Date(t).toISOString().slice(0, 10);
}

export function points(m, step, from, to, now) {
  const zone = m.usagePoint.time_zone;
  const edges = [];
  if (step === 'hour') {
    for (let t = midnight(from, zone); t <= midnight(to, zone); t += HOUR) edges.push(t);
  } else {
    for (let d = from; d <= to && edges.length < 800; d = next(d, step)) edges.push(midnight(d, zone));
  }
  const out = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    let value = null;
    let received = 0;
    let expected = 0;
    const quality = new Set();
    const first = Math.round((edges[i] - m.gridOffset) / HOUR);
    const last = Math.round((edges[i + 1] - m.gridOffset) / HOUR);
    for (let n = first; n < last; n++) {
      expected += 1;
      const h = knownHour(m, n, now);
      if (h.value === null) continue;
      if (h.quality.length === 0) received += 1;
      value = (value ?? 0) + h.value;
      for (const q of h.quality) quality.add(q);
    }
    out.push({ start: iso(edges[i]), end: iso(edges[i + 1]), value, expected, received, quality: step === 'hour' ? [...quality] : [] });
  }
  return out;
}

export const iso = (ms) => new Date(ms).toISOString();

/** The local dates of the period of the same kind before [from, to). */
export function previousRange(step, from, to) {
  const day = (d) => Date.parse(`${d}T00:00:00Z`);
  const whole = from.endsWith('-01') && to.endsWith('-01');
  if (whole) {
    const months = (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) * 12 + Number(to.slice(5, 7)) - Number(from.slice(5, 7));
    const [y, mo] = from.split('-').map(Number);
    return { from: new Date(Date.UTC(y, mo - 1 - months, 1)).toISOString().slice(0, 10), to: from };
  }
  return { from: new Date(day(from) - (day(to) - day(from))).toISOString().slice(0, 10), to: from };
}
