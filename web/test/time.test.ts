// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestDay } from '../src/shared/newest';
import { alignPrevious, labelsOf, periodName } from '../src/shared/labels';
import { addDays, addMonths, finer, isDate, rangeOf, shift, weekday } from '../src/shared/period';
import type { Point, Step } from '../src/shared/types';
import { localParts, offsetMinutes, offsetText, validZone } from '../src/shared/zone';

const HOUR = 3_600_000;

/** Points of one step each between two instants. */
function series(from: string, hours: number, every = 1): Point[] {
  const t0 = Date.parse(from);
  return Array.from({ length: hours / every }, (_, i) => ({
    start: new Date(t0 + i * every * HOUR).toISOString(), end: new Date(t0 + (i + 1) * every * HOUR).toISOString(),
    value: i, expected: 1, received: 1, quality: [],
  }));
}

test('local dates: leap years, month ends, weekdays', () => {
  assert.equal(addDays('2024-02-28', 1), '2024-02-29');
  assert.equal(addMonths('2026-03-31', -1), '2026-02-28');
  assert.equal(addMonths('2026-01-15', 12), '2027-01-15');
  assert.equal(weekday('2026-03-29'), 7);
  assert.equal(weekday('1969-12-29'), 1);
  assert.equal(isDate('2026-02-30'), false);
  assert.equal(isDate('yesterday'), false);
});

test('ranges of the views, with the locale’s first weekday', () => {
  assert.deepEqual(rangeOf('day', '2026-03-29'), { step: 'hour', from: '2026-03-29', to: '2026-03-30' });
  assert.deepEqual(rangeOf('week', '2026-03-29', 1), { step: 'day', from: '2026-03-23', to: '2026-03-30' });
  assert.deepEqual(rangeOf('week', '2026-03-29', 7), { step: 'day', from: '2026-03-29', to: '2026-04-05' });
  assert.deepEqual(rangeOf('month', '2026-12-05'), { step: 'day', from: '2026-12-01', to: '2027-01-01' });
  assert.deepEqual(rangeOf('year', '2026-12-05'), { step: 'month', from: '2026-01-01', to: '2027-01-01' });
  assert.deepEqual(rangeOf('years', '2026-12-05'), { step: 'year', from: '2022-01-01', to: '2027-01-01' });
  assert.equal(shift('month', '2026-03-31', -1), '2026-02-01');
  assert.equal(shift('years', '2026-03-31', -1), '2021-01-01');
  assert.equal(finer('years'), 'year');
  assert.equal(finer('week'), 'day');
  assert.equal(finer('day'), null);
});

test('zones with half hours, and unknown ones', () => {
  assert.equal(offsetMinutes('2026-03-29T12:00:00Z', 'Asia/Kolkata'), 330);
  assert.equal(offsetText('2026-03-29T12:00:00Z', 'Australia/Adelaide'), 'UTC+10:30');
  assert.equal(offsetText('2026-06-29T12:00:00Z', 'Australia/Adelaide'), 'UTC+09:30');
  assert.equal(offsetText('2026-06-29T12:00:00Z', 'America/St_Johns'), 'UTC−02:30');
  assert.equal(validZone('Mars/Olympus'), 'UTC');
  assert.equal(validZone(null), 'UTC');
  assert.deepEqual(localParts('2026-03-29T22:30:00Z', 'Europe/Rome'), { date: '2026-03-30', hour: 0, minute: 30 });
});

test('a day of 23 hours skips an hour, a day of 25 names the hour twice with its offset', () => {
  const short = labelsOf('hour', series('2026-03-28T23:00:00Z', 23), 'Europe/Rome', 'en-GB');
  assert.equal(short.length, 23);
  assert.deepEqual(short.slice(0, 4).map((l) => l.short), ['00:00', '01:00', '03:00', '04:00']);
  // The comma after the weekday comes and goes with the versions of the locale data.
  assert.match(short[1]?.full ?? '', /^Sun,? 29 Mar, 01:00–03:00$/);
  const long = labelsOf('hour', series('2026-10-24T22:00:00Z', 25), 'Europe/Rome', 'en-GB');
  assert.deepEqual(long.slice(1, 5).map((l) => l.short), ['01:00', '02:00', '02:00', '03:00']);
  assert.match(long[2]?.full ?? '', /UTC\+02:00/);
  assert.match(long[3]?.full ?? '', /UTC\+01:00/);
});

test('hours of a half-hour zone carry their local time', () => {
  const labels = labelsOf('hour', series('2026-03-29T18:30:00Z', 24), 'Asia/Kolkata', 'en-GB');
  assert.equal(labels[0]?.short, '00:00');
  assert.equal(labels[0]?.date, '2026-03-30');
});

function align(step: Step, now: Point[], before: Point[], zone = 'Europe/Rome'): (number | null | undefined)[] {
  const l = labelsOf(step, now, zone, 'en-GB');
  return alignPrevious(l, before, labelsOf(step, before, zone, 'en-GB')).map((p) => p?.value);
}

test('14:00 meets 14:00 although one of the two days has 23 hours', () => {
  const spring = series('2026-03-28T23:00:00Z', 23);
  const after = series('2026-03-29T22:00:00Z', 24);
  const got = align('hour', after, spring);
  assert.equal(got[1], 1);
  assert.equal(got[2], undefined);
  assert.equal(got[3], 2);
  assert.equal(got[23], 22);
});

test('the 29th has no partner in a February of 28 days; weeks meet by position', () => {
  const march = series('2026-02-28T23:00:00Z', 28 * 24, 24);
  const feb = series('2026-01-31T23:00:00Z', 28 * 24, 24);
  assert.equal(align('day', march, feb)[27], 27);
  const thisWeek = series('2026-03-15T23:00:00Z', 7 * 24, 24);
  const lastWeek = series('2026-03-08T23:00:00Z', 7 * 24, 24);
  assert.deepEqual(align('day', thisWeek, lastWeek), [0, 1, 2, 3, 4, 5, 6]);
});

test('names of periods', () => {
  assert.match(periodName('day', '2026-03-29', '2026-03-30', 'en-GB'), /^Sun,? 29 Mar 2026$/);
  assert.match(periodName('week', '2026-03-30', '2026-04-06', 'en-GB'), /^30 Mar\s–\s5 Apr 2026$/);
  assert.equal(periodName('month', '2026-03-01', '2026-04-01', 'de-DE'), 'März 2026');
  assert.equal(periodName('years', '2022-01-01', '2027-01-01', 'en-GB'), '2022–2026');
});

test('a page begins with the newest day of which a good part is known', () => {
  const now = Date.parse('2026-03-30T13:20:00Z');
  assert.equal(newestDay('2026-03-29T22:00:00Z', now, 'Europe/Rome'), '2026-03-29');
  assert.equal(newestDay('2026-03-30T13:00:00Z', now, 'Europe/Rome'), '2026-03-30');
  assert.equal(newestDay(null, now, 'Europe/Rome'), '2026-03-30');
  // A meter whose clock runs ahead does not open tomorrow.
  assert.equal(newestDay('2026-04-05T10:00:00Z', now, 'Europe/Rome'), '2026-03-30');
});
