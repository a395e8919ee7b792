// SPDX-License-Identifier: Apache-2.0
// What the platform's REST API sends. Times are RFC 3339 in UTC, values are whole counts of `unit` times ten to `scale`.

export type Role = 'administrator' | 'operator' | 'engineer' | 'auditor' | 'consumer';
export type Step = 'hour' | 'day' | 'month' | 'year';

export interface User {
  id: string | number;
  login: string;
  name: string;
  role: Role;
  time_zone?: string | null;
  locale?: string | null;
  /** The area that a member of the staff is limited to. */
  area?: string | null;
}

export interface ClockInfo {
  source: string;
  factor: number | null;
}

/** ISO 4217: the code and the decimals of an amount. */
export interface Currency {
  code: string;
  exponent: number;
}

export interface SessionReply {
  user: User;
  csrf: string;
  now?: string;
  clock?: ClockInfo;
  currency?: Currency;
}

export interface StationBrief {
  id: string;
  last_contact: string | null;
  frames_24h: number | null;
  epoch: string | null;
}

/** Of an account that is limited to an area: without what concerns the whole. */
export interface Overview {
  now: string;
  clock: ClockInfo;
  meters: { total: number; heard_24h: number; by_medium: Record<string, number> };
  uplinks?: { received: number; duplicates: number; quarantined: number; last_at: string | null };
  stations?: StationBrief[];
  readings_24h?: number;
  missing_hours_24h?: number;
}

export interface UsagePoint {
  id: string;
  address: string;
  time_zone: string;
}

export interface LastReading {
  at: string;
  value: number;
  text: string;
  unit: string;
}

export interface Meter {
  id: string;
  device_id: string;
  serial: string;
  channel: number;
  medium: string;
  label: string | null;
  model: string;
  obis: string;
  unit: string;
  scale: number;
  usage_point: UsagePoint | null;
  customer?: { id: string; name: string } | null;
  last_reading: LastReading | null;
  last_seen: string | null;
  level_cdbm: number | null;
  snr_cdb: number | null;
  clock_offset_ms: number | null;
  flags: string[];
  /** Somebody else's home: what is seen of it begins here. */
  shared_since?: string;
}

export interface MeterDetail extends Meter {
  registers: { obis: string; name: string; at: string; value: number; text: string; unit: string }[];
  stats: { frames: number; duplicates: number; stations: string[] };
  health: Health | null;
  installation: { from: string; initial_value: number | null } | null;
}

/** What a meter said of itself last. */
export interface Health {
  received_at: string;
  battery_mv: number | null;
  battery_percent: number | null;
  temperature_dc: number | null;
  resets: number;
  firmware: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
  total?: number;
}

export interface Point {
  start: string;
  end: string;
  value: number | null;
  expected: number;
  received: number;
  quality: string[];
}

export interface Consumption {
  step: Step;
  unit: string;
  scale: number;
  time_zone: string;
  from: string;
  to: string;
  points: Point[];
  total: number;
  complete: boolean;
  previous?: { points: Point[]; total: number };
  /** When the first of several meters at this place began. */
  since?: string;
}

export interface Reading {
  t_meter: string;
  t_received: string;
  t_stored: string;
  obis?: string;
  value: number;
}

export interface Reception {
  /** Number of the stored frame. */
  frame: number;
  received_at: string;
  station: string;
  frequency_mhz: number;
  level_cdbm: number;
  snr_cdb: number;
  rate: string;
  size: string;
  counter: number | null;
  duplicate: boolean;
  bytes: number;
}

export interface MeterEvent {
  at: string | null;
  received_at: string | null;
  code: number;
  name: string;
  value?: number | null;
  /** Of an event of the meter's own log. */
  phase?: number;
  ends?: boolean;
}

export interface LiveReading {
  meter: string;
  at: string;
  value: number;
  received_at: string;
  level_cdbm: number | null;
}

/** A reading by hand, as a customer handed it in. */
export interface Handed {
  id: number;
  meter: string;
  serial: string;
  address: string;
  at: string;
  value: number;
  text: string;
  unit: string;
  sent: string;
  by: string | null;
  note: string;
  state: 'waiting' | 'accepted' | 'rejected';
  decided: string | null;
  decided_by: string | null;
  reason: string;
  photo: boolean;
  last_reading?: { at: string; value: number; text: string };
}
