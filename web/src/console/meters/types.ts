// SPDX-License-Identifier: Apache-2.0
export interface FacetCount {
  value: string;
  label: string | null;
  count: number;
}

export interface Facets {
  facets: Record<string, FacetCount[]>;
  total: number;
  counted_at: string | null;
}

export const FACETS = ['medium', 'model', 'state', 'area', 'station', 'signal', 'seen'] as const;

export interface SavedFilter {
  id: number;
  name: string;
  query: string;
  changed_at: string | null;
}

export interface Area {
  id: string;
  kind: string;
  name: string;
}
