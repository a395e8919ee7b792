// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condense, gridSteps, labelStep } from '../src/shared/chart';
import { type PointState, comparable, consumptionUnit, fixed, percent, plain, pointStates, quantity, registerUnit, relative, signalBars } from '../src/shared/format';
import type { Point } from '../src/shared/types';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-03-30T00:00:00Z');

function point(i: number, value: number | null, expected = 1, received = value === null ? 0 : expected, quality: string[] = []): Point {
  return { start: new Date(T0 + i * HOUR).toISOString(), end: new Date(T0 + (i + 1) * HOUR).toISOString(), value, expected, received, quality };
}

test('a count is shifted exactly, whatever its size and language', () => {
  assert.equal(fixed(12345, 3, 'en-GB'), '12.345');
  assert.equal(fixed(5, 3, 'en-GB'), '0.005');
  assert.equal(fixed(0, 3, 'en-GB'), '0.000');
  assert.equal(fixed(9_007_199_254_740_991, 3, 'en-GB'), '9,007,199,254,740.991');
  assert.equal(fixed(-1234, 3, 'en-GB'), '−1.234');
  assert.equal(fixed(1234567, 3, 'de-DE'), '1.234,567');
  assert.equal(fixed(42, 0, 'en-GB'), '42');
  assert.equal(fixed(1234567, 3, 'ar-EG'), '١٬٢٣٤٫٥٦٧');
});

test('fewer decimals round half away from zero, more are filled with zeros', () => {
  assert.equal(fixed(1235, 3, 'en-GB', 2), '1.24');
  assert.equal(fixed(1234, 3, 'en-GB', 2), '1.23');
  assert.equal(fixed(-1235, 3, 'en-GB', 2), '−1.24');
  assert.equal(fixed(999, 3, 'en-GB', 0), '1');
  assert.equal(fixed(-4, 3, 'en-GB', 0), '0');
  assert.equal(fixed(15, 1, 'en-GB', 3), '1.500');
});

test('registers read as the dial does; consumption picks a handy unit', () => {
  assert.deepEqual(registerUnit('L', 0), { unit: 'm³', decimals: 3, shown: 3 });
  assert.deepEqual(registerUnit('Wh', 0), { unit: 'kWh', decimals: 3, shown: 3 });
  assert.deepEqual(registerUnit('Wh', 1), { unit: 'kWh', decimals: 2, shown: 2 });
  assert.deepEqual(registerUnit('m3', -3), { unit: 'm³', decimals: 3, shown: 3 });
  const show = (v: number, unit: string, scale = 0) => quantity(v, scale, consumptionUnit(v, unit, scale), 'en-GB').replace('\u00a0', ' ');
  assert.equal(show(142, 'L'), '142 L');
  assert.equal(show(2941, 'L'), '2.94 m³');
  assert.equal(show(320, 'Wh'), '0.320 kWh');
  assert.equal(show(12_345, 'Wh'), '12.3 kWh');
  assert.equal(show(12, 'L', 1), '120 L');
  assert.equal(plain(12, 1), 120);
});

test('a share just below the whole never reads as the whole', () => {
  assert.equal(percent(230, 230, 'en-GB'), '100%');
  assert.equal(percent(9999, 10_000, 'en-GB'), '99.9%');
  assert.equal(percent(0, 0, 'en-GB'), '–');
  assert.equal(percent(1, 3, 'en-GB'), '33%');
});

test('relative times follow the given now, and a small lead of the meter is now', () => {
  const now = T0;
  assert.equal(relative(now - 11_000, now, 'en-GB'), '11 seconds ago');
  assert.equal(relative(now - 3 * HOUR, now, 'en-GB'), '3 hours ago');
  assert.equal(relative(now + 30_000, now, 'en-GB'), 'now');
  assert.equal(relative(now - 26 * HOUR, now, 'de-DE'), 'gestern');
});

test('signal bars', () => {
  assert.deepEqual([null, -13_900, -13_300, -12_500, -11_000].map((l) => signalBars(l)), [0, 1, 2, 3, 4]);
  assert.deepEqual([100, 500, 1100, 2500].map((snr) => signalBars(-13_400, snr)), [1, 2, 3, 4]);
  assert.equal(signalBars(null, 1000), 0);
});

test('what has no value is told apart: before, missing, awaited, future', () => {
  const values = [null, null, 4, null, 5, null, null, null];
  const points = values.map((v, i) => point(i, v));
  const now = T0 + 6.5 * HOUR;
  assert.deepEqual(pointStates(points, now, T0 + 2 * HOUR), ['before', 'before', 'measured', 'missing', 'measured', 'awaited', 'awaited', 'future']);
  // Two days later the same tail is no longer awaited.
  assert.deepEqual(pointStates(points, now + 72 * HOUR, T0 + 2 * HOUR).slice(5), ['missing', 'missing', 'missing']);
  // Nothing is called "before" when the platform does not know when the meter was installed.
  assert.equal(pointStates(points, now, null)[0], 'missing');
  // An installation dated later than the first value must not hide values.
  assert.deepEqual(pointStates(points, now, now).slice(0, 4), ['before', 'before', 'measured', 'missing']);
});

test('an empty series in the past is missing, a fresh one is awaited', () => {
  const points = [point(0, null), point(1, null)];
  assert.deepEqual(pointStates(points, T0 + 2 * HOUR, null), ['awaited', 'awaited']);
  assert.deepEqual(pointStates(points, T0 + 100 * HOUR, null), ['missing', 'missing']);
});

test('estimated and incomplete points', () => {
  const points = [point(0, 3, 24, 20), point(1, 3, 24, 24), point(2, 3, 1, 0, ['estimated']), point(3, 8, 24, 24)];
  assert.deepEqual(pointStates(points, T0 + 90 * HOUR, null), ['partial', 'measured', 'estimated', 'measured']);
});

test('only what is known and over on both sides is compared', () => {
  const points = [point(0, 10), point(1, 20), point(2, null), point(3, 5)];
  const before = [point(0, 8), undefined, point(2, 9), point(3, 7)];
  assert.deepEqual(comparable(points, before, T0 + 100 * HOUR), { points: 2, now: 15, before: 15, whole: false });
  assert.deepEqual(comparable(points.slice(0, 1), before.slice(0, 1), T0 + 100 * HOUR), { points: 1, now: 10, before: 8, whole: true });
  assert.deepEqual(comparable(points.slice(0, 1), before.slice(0, 1), T0), { points: 0, now: 0, before: 0, whole: false });
});

test('grid lines are round and cover the range; labels do not crowd', () => {
  assert.deepEqual(gridSteps(0, 17, 4), [0, 5, 10, 15]);
  assert.deepEqual(gridSteps(-4, 9, 3).map((v) => v + 0), [0, 5]);
  assert.deepEqual(gridSteps(0, 0, 4), [0]);
  assert.equal(labelStep(24, 700, 32), 2);
  assert.equal(labelStep(7, 700, 32), 1);
  assert.equal(labelStep(1000, 300, 30), 143);
});

test('a year of quarter-hours becomes columns that hide nothing', () => {
  const bars = Array.from({ length: 35040 }, (_, i) => ({
    label: String(i), value: i === 20000 ? 9000 : i % 7, previous: null,
    state: (i === 12345 ? 'estimated' : i === 30000 ? 'missing' : 'measured') as PointState, share: 1,
  }));
  const columns = condense(bars, 500);
  assert.ok(columns.length <= 500);
  assert.equal(Math.max(...columns.map((c) => c.peak ?? 0)), 9000);
  assert.equal(columns.find((c) => c.peak === 9000)?.at, 20000);
  assert.deepEqual(columns.filter((c) => c.state !== 'measured').map((c) => c.state), ['estimated', 'missing']);
  const sum = columns.reduce((a, c, i) => a + (c.value ?? 0) * ((columns[i + 1]?.first ?? bars.length) - c.first), 0);
  assert.ok(Math.abs(sum - bars.reduce((a, b) => a + b.value, 0)) < 1e-6);
  assert.deepEqual(condense(bars.slice(0, 10), 500).map((c) => [c.at, c.peak]), bars.slice(0, 10).map((_, i) => [i, null]));
});
