// SPDX-License-Identifier: Apache-2.0
// Names of the bars of a chart, in the usage point's zone and the reader's language.

import type { Point, Step } from './types';
import { formatter, localParts, offsetText } from './zone';

export interface Label {
  /** Below the bar. */
  short: string;
  /** In the read-out and the table. */
  full: string;
  /** In the table, where the period's name stands above. */
  row: string;
  /** Local date on which the bar begins, to open it in a finer view. */
  date: string;
  /** Local position inside the period, equal for bars that can be compared ("14:00", "07", "03"). */
  key: string;
}

/** Labels of a series. An hour that the autumn repeats is told apart by its offset from UTC. */
export function labelsOf(step: Step, points: Point[], zone: string, locale: string): Label[] {
  const hours = formatter(locale, zone, { hour: '2-digit', minute: '2-digit' });
  const seen = new Map<string, number>();
  const parts = points.map((p) => localParts(p.start, zone));
  const wall = (i: number) => `${parts[i]?.date}T${parts[i]?.hour}:${parts[i]?.minute}`;
  points.forEach((_, i) => seen.set(wall(i), (seen.get(wall(i)) ?? 0) + 1));
  const used = new Map<string, number>();
  return points.map((p, i) => {
    const at = new Date(p.start);
    const local = parts[i] ?? { date: '', hour: 0, minute: 0 };
    const f = (o: Intl.DateTimeFormatOptions) => formatter(locale, zone, o).format(at);
    switch (step) {
      case 'hour': {
        const twice = (seen.get(wall(i)) ?? 0) > 1;
        const nth = used.get(wall(i)) ?? 0;
        used.set(wall(i), nth + 1);
        const range = `${hours.format(at)}–${hours.format(new Date(p.end))}`;
        const day = f({ weekday: 'short', day: 'numeric', month: 'short' });
        const which = `${range}${twice ? ` (${offsetText(p.start, zone)})` : ''}`;
        return {
          short: hours.format(at),
          full: `${day}, ${which}`,
          row: which,
          date: local.date,
          key: `${local.hour}:${local.minute}#${nth}`,
        };
      }
      case 'day':
        return {
          short: points.length <= 7 ? f({ weekday: 'short' }) : f({ day: 'numeric' }),
          full: f({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
          row: f({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }),
          date: local.date,
          key: local.date.slice(8),
        };
      case 'month':
        return {
          short: f({ month: 'short' }),
          full: f({ month: 'long', year: 'numeric' }),
          row: f({ month: 'long', year: 'numeric' }),
          date: local.date,
          key: local.date.slice(5, 7),
        };
      case 'year':
        return { short: f({ year: 'numeric' }), full: f({ year: 'numeric' }), row: f({ year: 'numeric' }), date: local.date, key: local.date.slice(0, 4) };
    }
  });
}

/**
 * The previous period's points laid beside the current ones. By name where both periods begin alike (the 5th beside the
 * 5th, 14:00 beside 14:00 even on a day of 23 hours), else by position.
 */
export function alignPrevious(labels: Label[], previous: Point[], previousLabels: Label[]): (Point | undefined)[] {
  const alike = labels[0] !== undefined && labels[0].key === previousLabels[0]?.key;
  if (!alike) return labels.map((_, i) => previous[i]);
  const byKey = new Map(previousLabels.map((l, i) => [l.key, previous[i]]));
  return labels.map((l) => byKey.get(l.key));
}

/** Name of a whole period, for its heading. */
export function periodName(view: string, from: string, to: string, locale: string): string {
  const first = new Date(`${from}T00:00:00Z`);
  const last = new Date(Date.parse(`${to}T00:00:00Z`) - 86_400_000);
  const f = (o: Intl.DateTimeFormatOptions) => formatter(locale, 'UTC', o);
  switch (view) {
    case 'day':
      return f({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(first);
    case 'week':
      return f({ day: 'numeric', month: 'short', year: 'numeric' }).formatRange(first, last);
    case 'month':
      return f({ month: 'long', year: 'numeric' }).format(first);
    case 'year':
      return f({ year: 'numeric' }).format(first);
    default:
      return `${f({ year: 'numeric' }).format(first)}–${f({ year: 'numeric' }).format(last)}`;
  }
}
