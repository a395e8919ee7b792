// SPDX-License-Identifier: Apache-2.0
// A meter is exchanged, and what the place used goes on across it: for the operator and for the customer.

import assert from 'node:assert/strict';
import { barriers, LAPTOP, openPage, picture } from './browser.mjs';

/** `known`: what tests/journeys/people says of the two meters (see there). `signIn` as in people.mjs. */
export async function exchange(browser, base, signIn, known) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, 'boss');
  await page.getByText('Live', { exact: true }).first().waitFor();
  await page.goto(`${base}/#/meters/${known.old}`);
  await page.getByRole('button', { name: 'Exchange the meter' }).click();
  await page.getByLabel('New meter’s number').fill(known.serial);
  await page.getByLabel('Day', { exact: true }).and(page.locator('input[type=date]')).fill(known.day);
  await page.getByLabel('Time at the place').fill(known.time);
  await page.getByLabel(/Last reading/).fill(known.last);
  await page.getByLabel(/First reading/).fill(known.first);
  await page.waitForTimeout(400); // the search for the new meter
  assert.deepEqual(await barriers(page), [], 'the form of an exchange');
  await picture(page, 'laptop-meter-exchange');
  await page.getByRole('button', { name: 'Exchange the meter' }).click();
  await page.getByRole('link', { name: /new meter/i }).click();
  await page.waitForFunction((id) => location.hash.includes(id), known.fresh);
  await page.goto(`${base}/#/meters/${known.fresh}?view=day&date=${known.shown}`);
  await page.getByText('What earlier meters measured at this place is included.').waitFor();
  // Both meters' hours, each while it hung there, and not an hour twice.
  const total = async () => (await page.evaluate(async ([id, from, to]) => (await fetch(`/v1/meters/${id}/consumption?step=hour&from=${from}&to=${to}&place=true`)).json(), [known.fresh, known.shown, known.after])).total;
  for (let i = 0; i < 100 && (await total()) !== known.total; i++) await page.waitForTimeout(200);
  assert.equal(await total(), known.total);
  await page.reload();
  await page.locator('.chart').waitFor();
  await page.getByText('Show as a table').click();
  assert.equal(await page.locator('.chart table tbody tr', { hasText: 'missing' }).count(), 0, 'no hour lacks');
  await picture(page, 'laptop-meter-exchanged');
  // Where the old one hung is in its history, with the reading that it left with.
  await page.goto(`${base}/#/meters/${known.old}`);
  const row = page.getByRole('region', { name: 'Installation history' }).locator('tbody tr').first();
  await row.waitFor();
  assert.ok((await page.locator('#history-title').locator('xpath=ancestor::section').innerText()).includes(known.last));
  assert.deepEqual(faults, []);
  await context.close();

  const home = await openPage(browser, LAPTOP);
  await signIn(home.page, 'anna');
  await home.page.getByText('What earlier meters measured at this place is included.').waitFor();
  assert.deepEqual(home.faults, []);
  await home.context.close();
}
