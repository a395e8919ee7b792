// SPDX-License-Identifier: Apache-2.0
import { localParts } from './zone';

/** Half a day of hours make a day worth showing first. */
const WORTH_MS = 12 * 3_600_000;

/**
 * The local date to begin with: the newest one of which a good part is known. A meter that reports once a day has
 * nothing to show for today, and its owner did not come to see an empty page.
 */
export function newestDay(lastReading: string | null | undefined, now: number, zone: string): string {
  const at = lastReading ? Math.min(Date.parse(lastReading), now) : now;
  return localParts(lastReading ? at - WORTH_MS : at, zone).date;
}
