// SPDX-License-Identifier: Apache-2.0
// The operator's first page, the work list of alarms, and their rules.

import assert from 'node:assert/strict';
import { calm, LAPTOP, openPage, PHONE, picture, WALL } from './browser.mjs';
import { clean, fits, named, signIn } from './journeys.mjs';

const SIZES = [['laptop', LAPTOP], ['phone', PHONE], ['wall', WALL]];

async function look(browser, place, size, viewport, colorScheme) {
  const { page, context, faults } = await openPage(browser, viewport, { colorScheme });
  const name = `${size}-${colorScheme}`;
  await signIn(page, place, 'operator');
  await page.goto(`${place.url}/#/today`);
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
  await page.getByText('Yesterday, by 06:00').waitFor();
  await page.getByRole('heading', { name: 'Missing from yesterday' }).waitFor();
  await calm(page);
  await fits(page, `today, ${name}`);
  await named(page, `today, ${name}`);
  await picture(page, `${name}-today`);
  // A cause leads to its meters.
  await page.getByLabel('Cause').selectOption('radio');
  await page.waitForFunction(() => [...document.querySelectorAll('.missing tbody tr')].every((r) => r.textContent.includes('Radio')));
  await page.goto(`${place.url}/#/alarms`);
  await page.locator('[data-alarm]').first().waitFor();
  await fits(page, `alarms, ${name}`);
  await named(page, `alarms, ${name}`);
  await picture(page, `${name}-alarms`);
  await page.locator('[data-alarm] a.open', { hasText: 'Leak' }).first().click();
  await page.getByRole('heading', { name: 'What the rule saw' }).waitFor();
  await fits(page, `an alarm, ${name}`);
  await named(page, `an alarm, ${name}`);
  await picture(page, `${name}-alarm`);
  await page.goto(`${place.url}/#/alarms/rules`);
  await page.getByRole('heading', { name: 'Change a threshold' }).waitFor();
  await fits(page, `rules, ${name}`);
  await named(page, `rules, ${name}`);
  await picture(page, `${name}-alarm-rules`);
  await page.goto(`${place.url}/#/alarms/recipients`);
  await page.getByRole('heading', { name: 'Messages' }).waitFor();
  await page.getByRole('cell', { name: 'Given up' }).waitFor();
  await fits(page, `recipients, ${name}`);
  await named(page, `recipients, ${name}`);
  await picture(page, `${name}-alarm-recipients`);
  clean(faults);
  await context.close();
}

async function tell(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, place, 'operator');
  await page.goto(`${place.url}/#/alarms/recipients`);
  await page.getByRole('button', { name: 'Add a recipient' }).click();
  await page.getByLabel('Short name').fill('hook');
  await page.locator('select').filter({ hasText: 'Webhook' }).selectOption('webhook');
  await page.getByLabel('Address').fill('http://10.0.0.1/');
  await named(page, 'a recipient');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('a webhook needs https').waitFor();
  await page.getByLabel('Address').fill('https://hook.example/alarms');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: 'https://hook.example/alarms' }).waitFor();
  await page.getByRole('button', { name: 'New secret hook' }).click();
  await page.getByText('shown this once').waitFor();
  await page.getByRole('button', { name: 'Test hook' }).click();
  await page.getByText('A test message is on its way.').waitFor();
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByText('No such messages.').waitFor();
  await page.getByRole('button', { name: 'Remove hook' }).click();
  await page.getByText('The recipient was removed.').waitFor();
  clean(faults);
  await context.close();
}

async function work(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, place, 'operator');
  await page.goto(`${place.url}/#/alarms`);
  const rows = page.locator('[data-alarm]');
  await rows.first().waitFor();
  const all = await rows.count();
  // A station that is down is one line; what it explains unfolds.
  const station = rows.filter({ hasText: 'Station down' });
  assert.match(await station.innerText(), /38 meters silent/);
  await station.getByRole('button', { name: 'What it explains' }).click();
  await page.getByText('It explains 1 other alarm').waitFor();
  // Severity filters, and comes back.
  await page.getByRole('button', { name: /Critical/ }).click();
  await page.waitForFunction((n) => document.querySelectorAll('[data-alarm]').length < n, all);
  await page.getByRole('button', { name: /Critical/ }).click();
  await page.waitForFunction((n) => document.querySelectorAll('[data-alarm]').length === n, all);
  // With the keyboard alone: two rows are chosen and acknowledged.
  await rows.nth(0).locator('a.open').focus();
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.getByRole('region', { name: 'Chosen alarms' }).getByText('2 alarms').waitFor();
  await page.keyboard.press('a');
  await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('[data-alarm]')].filter((r) => r.textContent.includes('Acknowledged')).length >= 2);
  // One is closed with a reason, and its history says so.
  await rows.filter({ hasText: 'Tampering' }).locator('a.open').click();
  const detail = page.getByRole('complementary', { name: 'One alarm' });
  await detail.getByRole('button', { name: 'Close', exact: true }).click();
  await page.getByRole('dialog').getByLabel('Why').fill('The plumber was there');
  await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).click();
  await detail.getByText('The plumber was there').waitFor();
  await page.waitForFunction((n) => document.querySelectorAll('[data-alarm]').length === n - 1, all);
  // A threshold is tried on the past, set with a reason, and taken back.
  await page.goto(`${place.url}/#/alarms/rules`);
  await page.getByRole('spinbutton').fill('9');
  await page.getByRole('button', { name: 'Try on the last 30 days' }).click();
  await page.getByText('Alarms as it is: 12; with this value: 4').waitFor();
  await page.getByLabel('Why').fill('Fewer calls');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The threshold counts from now on.').waitFor();
  await page.getByRole('button', { name: 'Take back' }).click();
  await page.getByText('Nothing: all thresholds are as delivered.').waitFor();
  clean(faults);
  await context.close();
}

async function nothing(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await page.goto(place.url);
  await page.getByLabel('Login').fill(place.operator.login);
  await page.getByLabel('Password', { exact: true }).fill(place.operator.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('There are no meters yet.').waitFor();
  await named(page, 'today without meters');
  await picture(page, 'empty-today');
  await page.goto(`${place.url}/#/alarms`);
  await page.getByText('No alarms', { exact: true }).waitFor();
  await picture(page, 'empty-alarms');
  clean(faults);
  await context.close();
}

export const alarmJourneys = [
  ...SIZES.flatMap(([size, viewport]) => ['light', 'dark'].map((scheme) => [`alarms: today, alarms and rules on a ${size}, ${scheme}`, (b, p) => look(b, p, size, viewport, scheme)])),
  ['alarms: recipients, secrets and dead letters', tell],
  ['alarms: work with the keyboard, groups, closing, thresholds', work],
];
export const emptyAlarms = [['alarms: nothing there yet', nothing]];
