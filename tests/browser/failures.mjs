// SPDX-License-Identifier: Apache-2.0
// How the pages show what goes wrong in the field. Started by tests/journeys/failures, which has brought the platform
// into the state named by the argument.

import assert from 'node:assert/strict';
import { calm, LAPTOP, launch, openPage, PHONE, picture, TABLET } from './browser.mjs';
import { clean, fits } from './journeys.mjs';

const base = process.env.MW_BASE_URL;
const meter = process.env.MW_METER;
const SIZES = [['laptop', LAPTOP], ['tablet', TABLET], ['phone', PHONE]];
const day = (q) => `#/meters/${meter}?view=month${q}`;

async function signed(browser, viewport, login) {
  const opened = await openPage(browser, viewport);
  await opened.page.goto(base);
  await opened.page.getByLabel('Login').fill(login);
  await opened.page.getByLabel('Password', { exact: true }).fill(process.env[`MW_PASSWORD_${login.toUpperCase()}`]);
  await opened.page.getByRole('button', { name: 'Sign in' }).click();
  await opened.page.locator('main .card').first().waitFor();
  return opened;
}

async function shown(page, hash, texts, name) {
  await page.goto(`${base}/${hash}`);
  for (const text of texts) await page.locator('main').getByText(text).filter({ visible: true }).first().waitFor();
  await calm(page);
  await fits(page, name);
  await picture(page, name);
}

const stages = {
  async dead(page, size) {
    await shown(page, '#/today', ['MW-T-000001'], `${size}-dead-today`);
    assert.match(await page.locator('main dl.big').innerText(), /^\D*1\D/, 'one meter is in estimated mode');
    await shown(page, '#/alarms', ['Meter out of order'], `${size}-dead-alarms`);
    await shown(page, day('&date=2026-04-02'), ['Estimated'], `${size}-dead-meter`);
    assert.equal(await page.locator('.key .striped').count(), 1, 'estimated values are hatched, and the key says so');
  },
  async back(page, size) {
    await shown(page, '#/alarms', ['Alarms'], `${size}-back-alarms`);
    await shown(page, day('&date=2026-04-02'), ['Consumption'], `${size}-back-meter`);
    await page.locator('.key .striped').waitFor();
  },
  async station(page, size) {
    await shown(page, '#/today', ['Station down', 'Working: 0 of 1'], `${size}-station-today`);
    await shown(page, '#/alarms', ['Station down'], `${size}-station-alarms`);
    assert.equal(await page.locator('[data-alarm]', { hasText: /Station down|Silent|out of order/ }).count(), 1, 'one alarm for all');
    await shown(page, '#/network', ['st-1'], `${size}-station-network`);
  },
};

/** What was found is accepted, rejected and corrected, each with a reason; the list grows shorter. */
async function work(page) {
  await page.goto(`${base}/#/validation`);
  await page.locator('.tools select').selectOption('V03');
  await page.waitForFunction(() => document.querySelectorAll('tr[aria-selected]').length === 3);
  await page.locator('tr[aria-selected] button').first().click();
  for (const [act, left] of [['Accept', 2], ['Reject', 1], ['Edit', 0]]) {
    await page.locator('.detail .acts').getByRole('button', { name: act }).click();
    if (act === 'Edit') await page.locator('.detail table input').first().fill('7');
    await page.getByLabel('Reason').fill('Asked the people who live there');
    await fits(page, `the workbench, ${act}`);
    await picture(page, `laptop-work-${act.toLowerCase()}`);
    await page.locator('form.decide').getByRole('button', { name: act }).click();
    await page.getByText('Decided: 1.').waitFor();
    await page.waitForFunction((n) => [...document.querySelectorAll('tr[aria-selected]')].filter((r) => r.textContent.includes('V03')).length === n, left);
  }
}

const browser = await launch().catch((e) => (console.error(`SKIP: ${e.message.split('\n')[0]}`), process.exit(77)));
const stage = process.argv[2];
const t = Date.now();
try {
  for (const [size, viewport] of stage === 'work' ? SIZES.slice(0, 1) : SIZES) {
    const { page, context, faults } = await signed(browser, viewport, 'ops');
    await (stages[stage] ?? work)(page, size);
    clean(faults);
    await context.close();
  }
  if (stage !== 'work') { // and the person who lives there
    const { page, context, faults } = await signed(browser, PHONE, 'anna');
    await shown(page, `#/meter/${meter}?view=month&date=2026-04-02`, ['Estimated'], `phone-${stage}-account`);
    clean(faults);
    await context.close();
  }
  console.log(`ok   ${stage} (${((Date.now() - t) / 1000).toFixed(1)} s)`);
} catch (e) {
  console.log(`FAIL ${stage}\n     ${String(e.stack ?? e).split('\n').slice(0, 14).join('\n     ')}`);
  process.exitCode = 1;
}
await browser.close();
