// SPDX-License-Identifier: Apache-2.0
// The way of an alarm: to those who are told, to whoever works on it, and to the customer. Started by tests/journeys/told,
// which does to the platform what is asked here and holds the mailbox and the webhook.

import assert from 'node:assert/strict';
import { calm, LAPTOP, launch, openPage, PHONE, picture, TABLET } from './browser.mjs';
import { platform } from './driven.mjs';
import { clean, fits, named } from './journeys.mjs';

const base = process.env.MW_BASE_URL;

async function signed(browser, login, viewport) {
  const opened = await openPage(browser, viewport);
  await opened.page.goto(base);
  await opened.page.getByLabel('Login').fill(login);
  await opened.page.getByLabel('Password', { exact: true }).fill(process.env[`MW_PASSWORD_${login.toUpperCase()}`]);
  await opened.page.getByRole('button', { name: 'Sign in' }).click();
  await opened.page.locator('main .card').first().waitFor();
  return opened;
}

async function right(page, name) {
  await calm(page);
  await fits(page, name);
  await named(page, name);
  await picture(page, name);
}

const clock = (ms) => new Date(ms).toISOString().slice(11, 16);
const messages = (page) => page.locator('section', { has: page.getByRole('heading', { name: 'Messages' }) });
const shown = (page, state) => messages(page).getByRole('combobox').selectOption(state);

async function recipient(page, id, address, more = async () => {}) {
  await page.getByRole('button', { name: 'Add a recipient' }).click();
  await page.getByLabel('Short name').fill(id);
  if (address.startsWith('http')) await page.locator('select').filter({ hasText: 'Webhook' }).selectOption('webhook');
  await page.getByLabel('Address').fill(address);
  await more();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('cell', { name: address }).waitFor();
}

/** Whoever is told, and a webhook that fails once, then for good, and is sent again. */
async function recipients({ page }) {
  await page.goto(`${base}/#/alarms/recipients`);
  await recipient(page, 'desk', 'desk@example.org');
  await recipient(page, 'hook', process.env.MW_HOOK);
  await recipient(page, 'night', 'night@example.org', async () => {
    await page.getByLabel('Time zone').fill('UTC');
    await page.getByLabel('Quiet from').fill(clock(Date.now() - 3_600_000));
    await page.getByLabel('Quiet to').fill(clock(Date.now() + 3_600_000));
  });
  await page.getByRole('button', { name: 'New secret hook' }).click();
  const [, secret] = /([\w+/=-]{30,})/.exec(await page.getByText('shown this once').innerText());
  await platform('fail', 1);
  await page.getByRole('button', { name: 'Test hook' }).click();
  await shown(page, 'sent');
  await messages(page).getByRole('row', { name: /^hook .*Sent.* 2 / }).waitFor();
  assert.equal(await platform('signed', secret, 2), true, 'every message is signed');
  await right(page, 'laptop-told-recipients');

  await platform('fail', 99);
  await page.getByRole('button', { name: 'Test hook' }).click();
  await platform('weary');
  await shown(page, 'dead');
  await messages(page).getByRole('row', { name: /^hook .*Given up/ }).waitFor();
  await picture(page, 'laptop-told-dead');
  await platform('fail', 0);
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByText('No such messages.').waitFor();
  await shown(page, 'sent');
  await messages(page).getByRole('row', { name: /^hook Test / }).nth(1).waitFor();
}

/** It appears by itself, is told to all but who wants to sleep, is given to somebody and put to sleep. */
async function work({ page }) {
  await page.goto(`${base}/#/alarms`);
  await page.locator('[data-alarm], .empty').first().waitFor();
  await platform('report');
  const leak = page.locator('[data-alarm]', { hasText: 'Leak' });
  await leak.waitFor();
  await platform('letter', 'desk', 'Leak');
  assert.equal(await platform('letters', 'night', 'Leak'), 0, 'quiet hours are quiet');
  await leak.locator('a.open').click();
  const detail = page.getByRole('complementary', { name: 'One alarm' });
  const dialog = page.getByRole('dialog');
  await detail.getByRole('button', { name: 'Assign' }).click();
  await dialog.getByRole('textbox').fill('nobody');
  await dialog.getByRole('button', { name: 'Assign' }).click();
  await dialog.getByText('nobody with this login').waitFor();
  await dialog.getByRole('textbox').fill('fitter');
  await dialog.getByRole('button', { name: 'Assign' }).click();
  await detail.getByText('fitter').first().waitFor();
  await detail.getByRole('button', { name: 'Snooze' }).click();
  await dialog.getByRole('combobox').selectOption('8');
  await dialog.getByRole('button', { name: 'Snooze' }).click();
  await detail.getByText('Sleeps until').waitFor();
  await leak.waitFor({ state: 'detached' });
  await page.getByRole('checkbox', { name: 'With sleeping ones' }).check();
  await leak.waitFor();
  await right(page, 'laptop-told-work');
  await page.goto(`${base}/#/alarms/recipients`);
  await shown(page, 'waiting');
  await messages(page).getByRole('row', { name: /^night / }).waitFor();
}

/** "This is normal for me": the next day is, and the utility can see who set what. */
async function normal({ page }, operator) {
  await page.getByText('Water runs without a pause', { exact: true }).waitFor();
  await right(page, 'phone-told-alert');
  await page.getByRole('button', { name: 'This is normal for me' }).click();
  await page.getByText('You are warned from the new limit on').waitFor();
  await platform('report');
  await page.getByText('Everything looks normal.').waitFor();
  await page.getByText('My own limits').click();
  await page.getByRole('button', { name: 'Back to the usual 4' }).waitFor();
  await right(page, 'phone-told-limits');
  await operator.page.goto(`${base}/#/alarms/rules?rule=leak`);
  await operator.page.getByRole('row', { name: /MW-T-000001.*normal for me/ }).waitFor();
}

/** Nobody is at home, and water flows: the page, the alarm and a letter tell. */
async function away({ page }, operator) {
  await page.getByLabel('Away from').fill('2026-04-02');
  await page.getByLabel('Back on').fill('2026-04-09');
  await page.getByRole('button', { name: 'Watch my home' }).click();
  await page.getByText('nothing has flowed so far').waitFor();
  await platform('report');
  await page.getByText(/flowed on/).waitFor();
  await page.getByText('It flowed while you were away', { exact: true }).waitFor();
  await right(page, 'phone-told-away');
  await operator.page.goto(`${base}/#/alarms`);
  await operator.page.locator('[data-alarm]', { hasText: 'Flow while away' }).waitFor();
  await platform('letter', 'desk', 'Flow_while_away');
}

/** Two homes on two continents in one account. */
async function homes({ page }) {
  const home = page.getByRole('combobox', { name: 'Home' });
  await home.waitFor();
  assert.equal(await home.locator('option').count(), 2);
  for (const [address, zone] of [['Rundle Street 7', 'Australia/Adelaide'], ['Via Roma 1, flat 2', 'Asia/Kolkata']]) {
    await home.selectOption(address);
    await page.getByText(`All times are local (${zone})`).waitFor();
    await page.locator('.chart').waitFor();
    await right(page, `tablet-told-${zone.split('/')[1]}`);
  }
  await page.goto(`${base}/#/access`);
  await page.getByRole('heading', { name: 'Rundle Street 7' }).waitFor();
  await right(page, 'tablet-told-access');
}

const browser = await launch().catch((e) => (console.error(`SKIP: ${e.message.split('\n')[0]}`), process.exit(77)));
try {
  const begun = Date.now();
  const operator = await signed(browser, 'ops', LAPTOP);
  const anna = await signed(browser, 'anna', PHONE);
  const carla = await signed(browser, 'carla', TABLET);
  for (const [name, step] of [
    ['who is told, by webhook with failures', () => recipients(operator)],
    ['a leak is told, given away and put to sleep', () => work(operator)],
    ['what is normal for a customer', () => normal(anna, operator)],
    ['flow while nobody is at home', () => away(anna, operator)],
    ['several homes', () => homes(carla)],
  ]) {
    await step();
    console.log(`ok   ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s since the beginning)`);
  }
  for (const o of [operator, anna, carla]) clean(o.faults);
} catch (e) {
  console.log(`FAIL ${String(e.stack ?? e).split('\n').slice(0, 16).join('\n     ')}`);
  process.exitCode = 1;
}
await browser.close();
process.exit();
