// SPDX-License-Identifier: Apache-2.0
// The pages of the console in the order of its navigation: an operator's day from left to right. A page's code and texts
// travel when it is first opened.

import type { Component } from 'svelte';
import type { Part } from '../shared/i18n.svelte';
import type { User } from '../shared/types';

/** What every page is given: the operator, the zone in which the operator lives, and the rest of the address. */
export interface PageProps {
  user: User;
  zone: string;
  /** What follows the page's id: ['0011-0'] of "#/meters/0011-0". */
  rest: string[];
}

export interface PageEntry {
  id: 'today' | 'meters' | 'alarms' | 'validation' | 'network' | 'administration';
  /** A drawing in strokes on 18 by 18. */
  icon: string;
  /** Message files besides common and console. */
  parts?: readonly Part[];
  /** Absent while the page does not exist: it then stands nowhere. */
  load?: () => Promise<{ default: Component<PageProps> }>;
}

const ALL: readonly PageEntry[] = [
  { id: 'today', icon: 'M2.500 15.500h13M4.500 15.500v-4M9 15.500V5M13.500 15.500V8.500', parts: ['alarms'], load: () => import('./TodayPage.svelte') },
  { id: 'meters', icon: 'M3 4h12M3 9h12M3 14h12', parts: ['work'], load: () => import('./Meters.svelte') },
  { id: 'alarms', icon: 'M4.500 12.500V8a4.500 4.500 0 0 1 9 0v4.500l1.500 1.500H3zM7.500 16.500h3', parts: ['alarms'], load: () => import('./AlarmsPage.svelte') },
  { id: 'validation', icon: 'M2.500 9.500l4 4 9-9', parts: ['work'], load: () => import('./ValidationPage.svelte') },
  { id: 'network', icon: 'M9 10v6M6 16h6M9 8.6v.1M5.6 12a4.8 4.8 0 1 1 6.8 0M3.2 14.300a8 8 0 1 1 11.6 0', parts: ['work'], load: () => import('./NetworkPage.svelte') },
  { id: 'administration', icon: 'M9 11.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM9 2v2.500M9 13.500V16M2 9h2.500M13.500 9H16M4 4l1.800 1.800M12.200 12.200 14 14M4 14l1.800-1.800M12.200 5.800 14 4', parts: ['admin'], load: () => import('./Administration.svelte') },
];

/** The pages that exist. The first one is where a session begins. */
export const PAGES = ALL.filter((p): p is PageEntry & Required<Pick<PageEntry, 'load'>> => p.load !== undefined);
