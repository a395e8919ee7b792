// SPDX-License-Identifier: Apache-2.0
import type { Meter } from './types';

/**
 * Level and signal to noise of a meter after a live reading, which tells the level alone: the noise is taken to be what
 * it was.
 */
export function heardAt(m: Meter, level: number | null): Pick<Meter, 'level_cdbm' | 'snr_cdb'> {
  if (level === null) return { level_cdbm: m.level_cdbm, snr_cdb: m.snr_cdb };
  const change = m.level_cdbm === null ? null : level - m.level_cdbm;
  return { level_cdbm: level, snr_cdb: m.snr_cdb === null || change === null ? null : m.snr_cdb + change };
}
