// SPDX-License-Identifier: Apache-2.0
export interface FindingValue {
  start: string;
  found: boolean;
  raw: number | null;
  final: number | null;
  layer: string | null;
  method: string | null;
  low?: number;
  high?: number;
  quality: string[];
}

export interface Finding {
  id: number;
  rule: string;
  name: string;
  severity: 'flag' | 'warn' | 'fail' | 'alarm';
  from: string;
  to: string;
  /** What the rule compared; the threshold is the last, where there is one. */
  inputs: { name: string; unit: string; value: number; flags?: string[] }[];
  found_at: string;
  closed_at: string | null;
  judged: 'accepted' | 'rejected' | 'edited' | null;
  reason: string | null;
  meter: string | null;
  serial?: string;
  medium?: string;
  address?: string;
  time_zone?: string;
  unit: string;
  scale: number;
  expected: number;
  raw: { sum: number; present: number };
  final: { sum: number; present: number; estimated: number };
  difference: number;
  difference_money: number;
  seconds?: number;
  values?: FindingValue[];
}

export interface Rule {
  rule: string;
  name: string;
  on: boolean;
  severity: string;
  found: number;
  meters: number;
  open: number;
  accepted: number;
  rejected: number;
  edited: number;
  gone: number;
  accepted_share_ppm: number | null;
  newest: string | null;
}

export interface AtRisk {
  meters: Record<string, number>;
  total: { risk_per_day: number; estimated_money: number; uncertain_money: number };
  doubts?: { findings: number; more: boolean; money: number };
  items: {
    meter: string; serial: string; medium: string; label: string; address: string; state: string; cause: string; since: string; slots: number;
    estimated: number; low: number; high: number; unit: string; scale: number; risk_per_day: number; estimated_money: number; uncertain_money: number;
  }[];
}
