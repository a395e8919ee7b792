// SPDX-License-Identifier: Apache-2.0
// What people do with the pages, from the first sign-in on. Each journey gets a browser and the place to go to; it
// throws when something is not as it should be.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { barriers, calm, LAPTOP, openPage, PHONE, picture, WALL } from './browser.mjs';

export async function signIn(page, place, who) {
  await page.goto(place.url);
  await page.getByLabel('Login').fill(place[who].login);
  await page.getByLabel('Password', { exact: true }).fill(place[who].password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('main .card').first().waitFor();
  if (who === 'operator') await page.goto(`${place.url}/#/meters`);
}

/** The page must not be wider than the window, nor anything than the card around it: nothing is worse on a phone. */
export async function fits(page, what) {
  const [over, widest] = await page.evaluate(() => {
    const root = document.documentElement;
    const scrolls = (e) => e && e !== root && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
    const beyond = [...document.querySelectorAll('body *')].filter(
      (e) => {
        const box = e.getBoundingClientRect();
        const card = e.parentElement?.closest('.card')?.getBoundingClientRect();
        const out = box.right > root.clientWidth + 0.5 || (card && box.width > 1 && (box.right > card.right + 1 || box.left < card.left - 1));
        return out && !scrolls(e.parentElement) && !e.closest('.sr, .skip, svg, dialog, details:not([open]) > :not(summary)');
      });
    return [root.scrollWidth - root.clientWidth,
      beyond.slice(0, 5).map((e) => `${e.tagName.toLowerCase()}.${e.getAttribute('class') ?? ''}`).join(' > ')];
  });
  assert.ok(over <= 0, `${what}: the page is ${over} px wider than the window: ${widest}`);
  assert.equal(widest, '', `${what}: out of its card or the window`);
}

/** Every control and picture has a name, there is one h1, and axe finds no barrier. */
export async function named(page, what) {
  const nameless = await page.evaluate(() => {
    const name = (e) => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.title || [...(e.labels ?? [])].map((l) => l.textContent.trim()).join('');
    return [...document.querySelectorAll('a, button, input, select, [role=img], [role=slider]')].filter((e) => !name(e)).map((e) => e.outerHTML.slice(0, 120));
  });
  assert.deepEqual(nameless, [], `${what}: controls without a name`);
  assert.equal(await page.locator('h1').count(), 1, `${what}: one h1`);
  assert.deepEqual(await barriers(page), [], `${what}: barriers`);
}

export function clean(faults) {
  assert.deepEqual(faults, [], 'the page reported faults');
}

async function operatorDay(browser, place, viewport, size, colorScheme) {
  const { page, context, faults } = await openPage(browser, viewport, { colorScheme });
  const shot = (name, full) => picture(page, `${size}-${name}`, full);
  await page.goto(place.url);
  await page.getByLabel('Login').waitFor();
  await named(page, 'sign-in');
  await shot('signin');
  await signIn(page, place, 'operator');
  const rows = page.locator('tr[data-meter]');
  await rows.first().waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  await fits(page, 'meters');
  await named(page, 'meters');
  await calm(page);
  await shot('meters', false);

  // Searching narrows the list down to the meter with that number.
  const serial = (await rows.nth(2).locator('a').innerText()).trim();
  const number = serial.split(' ')[0];
  await page.getByRole('searchbox').fill(number);
  await page.waitForFunction((n) => {
    const shown = [...document.querySelectorAll('tr[data-meter] a')];
    return shown.length > 0 && shown.every((a) => a.textContent.includes(n));
  }, number);
  await shot('search', false);
  await page.getByRole('searchbox').fill('no such meter anywhere');
  await page.getByText('No meter matches').waitFor();
  await shot('search-empty', false);
  await page.getByRole('button', { name: 'Show all meters' }).click();
  await rows.nth(2).waitFor();

  // A facet keeps one kind, says how many there are, and is taken away again where it is named.
  const narrow = page.getByRole('button', { name: 'Narrow down' });
  if (await narrow.isVisible()) await narrow.click();
  const water = page.locator('.facets button', { hasText: 'Water' }).first();
  const expected = Number((await water.locator('.count').innerText()).replace(/\D/g, ''));
  await water.click();
  await page.waitForFunction(() => location.hash.includes('medium=water'));
  await page.waitForFunction((n) => document.querySelector('#meters-title')?.textContent.replace(/\D/g, '') === String(n), expected);
  await page.waitForFunction(() => document.querySelector('tr[data-meter]') && !document.querySelector('tr[data-meter] svg.medium-electricity'));
  await fits(page, 'meters by a facet');
  await shot('meters-facet', false);

  // The filter is kept under a name, on the platform.
  const named_ = `Water ${size} ${Date.now() % 1e6}`;
  await page.getByRole('button', { name: 'Save this filter' }).click();
  await page.getByLabel('Name of the filter').fill(named_);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: named_, exact: true }).waitFor();
  await page.getByRole('button', { name: `Forget the filter ${named_}` }).click();
  await page.getByRole('button', { name: named_, exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Show all meters' }).click();
  await page.waitForFunction(() => !location.hash.includes('medium='));
  if (await narrow.isVisible()) await narrow.click();

  // Chosen meters are counted, and what can be done with them is offered.
  await rows.first().getByRole('checkbox').check();
  await page.getByText('Chosen: 1').waitFor();
  await page.getByRole('button', { name: 'Add note' }).click();
  await page.getByLabel('Note about each of them').fill('Seen on a journey.');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByText('Done for 1 meters.').waitFor();
  await named(page, 'meters with a choice');
  await shot('meters-bulk', false);
  await page.getByRole('button', { name: 'Clear choice' }).click();

  await heardMeter(page);
  await page.getByRole('heading', { name: 'Consumption' }).waitFor();
  await page.locator('.chart').waitFor();
  for (const view of ['Week', 'Month', 'Year', 'Years', 'Day']) {
    await page.getByRole('radio', { name: view, exact: true }).check({ force: true });
    const step = { Week: 'day', Month: 'day', Year: 'month', Years: 'year', Day: 'hour' }[view];
    await page.waitForFunction((v) => (location.hash.match(/view=(\w+)/)?.[1] ?? 'day') === v, view.toLowerCase());
    await page.locator('.chart').waitFor();
    await calm(page);
    await fits(page, `meter, ${view} (${step})`);
    await shot(`meter-${view.toLowerCase()}`);
  }
  await named(page, 'meter');
  const day = page.getByRole('button', { name: 'Earlier' });
  await day.click();
  await page.waitForFunction(() => /date=\d{4}-\d\d-\d\d/.test(location.hash));

  // The keyboard walks from bar to bar and the read-out follows.
  const chart = page.getByRole('slider');
  if (await chart.count()) {
    await chart.focus();
    await page.keyboard.press('End');
    const last = await chart.getAttribute('aria-valuetext');
    await page.keyboard.press('ArrowLeft');
    assert.notEqual(await chart.getAttribute('aria-valuetext'), last);
    await page.getByText('Show as a table').click();
    assert.ok((await page.locator('.chart table tbody tr').count()) >= 23);
    await shot('meter-table');
  }

  // Files arrive under a name that says what they are, with values in them.
  for (const [button, end, magic] of [['CSV', '.csv', null], ['Excel', '.xlsx', 'PK']]) {
    const arriving = page.waitForEvent('download');
    await page.getByRole('button', { name: button, exact: true }).click();
    const file = await arriving;
    assert.ok(file.suggestedFilename().endsWith(end), file.suggestedFilename());
    const data = await readFile(await file.path());
    assert.ok(data.length > 50, `${button} file is empty`);
    if (magic) assert.equal(data.subarray(0, 2).toString(), magic);
    else assert.ok(data.toString().trim().split('\n').length >= 24, 'CSV has the hours');
  }

  for (const tab of ['Readings', 'Events', 'Receptions']) {
    await page.getByRole('radio', { name: tab, exact: true }).check({ force: true });
    await calm(page);
    await shot(`meter-${tab.toLowerCase()}`);
  }
  // A stored frame is opened and explained, byte by byte.
  await page.getByRole('radio', { name: 'Receptions', exact: true }).check({ force: true });
  await page.getByRole('button', { name: 'Explain' }).first().click();
  await page.getByText('Report of a day').first().waitFor();
  await shot('meter-frame');
  await fits(page, 'meter logs');
  // What was known yesterday is shown under a banner, and left again.
  await page.getByLabel('As we knew it on').fill(await page.getByLabel('As we knew it on').getAttribute('max'));
  await page.getByText('You see what was known').waitFor();
  await shot('meter-as-of');
  await named(page, 'meter as it was known');
  await page.getByRole('button', { name: 'Back to what is known now' }).click();
  await page.getByText('You see what was known').waitFor({ state: 'detached' });
  await page.goto(`${place.url}/#/network`);
  await page.getByRole('heading', { name: 'Network' }).waitFor();
  await fits(page, 'network');
  await named(page, 'network');
  await shot('network');

  await page.getByRole('button', { name: 'The band' }).first().click();
  await page.locator('.band').waitFor();
  await shot('network-band');

  await page.goto(`${place.url}/#/validation`);
  await page.getByRole('heading', { name: 'Validation' }).waitFor();
  await page.locator('.bench .detail h2, .empty').first().waitFor();
  await calm(page);
  await fits(page, 'validation');
  await named(page, 'validation');
  await shot('validation');
  for (const tab of ['Rules', 'Money at risk']) {
    await page.getByRole('radio', { name: tab, exact: true }).check({ force: true });
    await page.locator('main .card table, main .empty').first().waitFor();
    await fits(page, `validation, ${tab}`);
    await shot(`validation-${tab.split(' ')[0].toLowerCase()}`);
  }
  await page.goto(`${place.url}/#/meters/import`);
  await page.getByRole('heading', { name: 'Import meters and readings' }).waitFor();
  await fits(page, 'import');
  await named(page, 'import');
  await shot('import');

  await page.goto(`${place.url}/#/meters/ffffffffffffffff-0`);
  await page.getByRole('alert').waitFor();
  await shot('meter-unknown');
  clean(faults);
  await context.close();
}

/** Opens a meter of the list that was heard at least once. */
async function heardMeter(page) {
  const heard = page.locator('tr[data-meter]', { hasNotText: 'Never heard' }).first();
  await heard.waitFor();
  const id = await heard.getAttribute('data-meter');
  await heard.getByRole('link').click();
  await page.locator('.head h1').waitFor();
  return id;
}

async function liveUpdate(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, place, 'operator');
  await page.locator('tr[data-meter]').first().waitFor();
  const patience = Number(process.env.MW_LIVE_TIMEOUT_MS ?? 60_000);
  // Whatever meter reports first: its row lights up with the new reading, without loading the page again.
  await page.goto(`${place.url}/#/meters?sort=last_seen`);
  await page.locator('tr.fresh').first().waitFor({ timeout: patience });
  clean(faults);
  await context.close();
}

async function consumer(browser, place, viewport, size, colorScheme) {
  const { page, context, faults } = await openPage(browser, viewport, { colorScheme });
  const asked = [];
  page.on('request', (r) => asked.push(r.url()));
  await signIn(page, place, 'consumer');
  await page.locator('.chart').waitFor();
  await calm(page);
  await fits(page, 'account');
  await named(page, 'account');
  await picture(page, `${size}-account-day`);
  assert.ok(!asked.some((u) => /Console/.test(u)), 'the account loads nothing of the console');
  const own = await page.evaluate(async () => (await (await fetch('/v1/meters?limit=200')).json()).items);
  assert.ok(own.length > 0);
  if (place.consumer.meters) assert.equal(own.length, place.consumer.meters);
  assert.ok(own.every((m) => !m.customer), 'no other person is named');
  if (own.length > 1) {
    await page.locator('nav.tiles a').nth(1).click();
    await page.locator('nav.tiles a').nth(1).and(page.locator('[aria-current]')).waitFor();
    await page.locator('.chart').waitFor();
    await calm(page);
    await picture(page, `${size}-account-second-meter`);
  }
  for (const view of ['Week', 'Month', 'Year']) {
    await page.getByRole('radio', { name: view, exact: true }).check({ force: true });
    await calm(page);
    await fits(page, `account, ${view}`);
    await picture(page, `${size}-account-${view.toLowerCase()}`);
  }
  const arriving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Excel' }).click();
  assert.ok((await arriving).suggestedFilename().endsWith('.xlsx'));

  // Another home's meter: neither by its address in the page nor by the API behind it.
  await page.goto(`${place.url}/#/meter/${place.foreignMeter}`);
  await page.getByText('does not belong to your account').waitFor();
  await picture(page, `${size}-account-foreign`);
  for (const path of ['', '/consumption?step=day&from=2026-01-01&to=2026-02-01', '/readings', '/export.csv?step=day&from=2026-01-01&to=2026-02-01']) {
    const status = await page.evaluate(async (u) => (await fetch(u)).status, `/v1/meters/${place.foreignMeter}${path}`);
    assert.ok([403, 404].includes(status), `another home's meter${path} answered ${status}`);
  }
  await page.goto(`${place.url}/#/`);
  await page.locator('button.opener').click();
  await page.getByRole('dialog').waitFor();
  await picture(page, `${size}-account-settings`, false);
  await page.getByLabel('Language').selectOption('de');
  await page.getByRole('button', { name: 'Abmelden' }).waitFor();
  await page.keyboard.press('Escape');
  await calm(page);
  await picture(page, `${size}-account-german`);
  await page.locator('button.opener').click();
  await page.getByRole('button', { name: 'Abmelden' }).click();
  await page.getByRole('heading', { name: 'Anmelden' }).waitFor();
  clean(faults);
  await context.close();
}

async function wrongPassword(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await page.goto(place.url);
  const submit = page.getByRole('button', { name: 'Sign in' });
  await submit.click();
  await page.getByText('Enter your login and your password').waitFor();
  await page.getByLabel('Login').fill(place.stranger);
  await page.getByLabel('Password', { exact: true }).fill('certainly not this');
  await submit.click();
  await page.getByText('do not match').waitFor();
  await picture(page, 'laptop-signin-wrong');
  // The same answer until the platform stops listening for a while; then the page says for how long.
  for (let i = 0; i < 25 && !(await page.getByText('Too many attempts').isVisible()); i++) {
    await page.getByLabel('Password', { exact: true }).fill(`wrong ${i}`);
    const answered = page.waitForResponse((r) => r.url().endsWith('/v1/session') && r.request().method() === 'POST');
    await submit.click();
    await answered;
    await page.waitForTimeout(100);
  }
  await page.getByText('Too many attempts').waitFor();
  assert.ok(await submit.isDisabled());
  await picture(page, 'laptop-signin-locked');
  clean(faults);
  await context.close();
}

async function expiredSession(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, place, 'operator');
  await heardMeter(page);
  const where = new URL(page.url()).hash;
  await context.clearCookies();
  // A live update may ask the platform, and learn that the session is over, before the click does.
  await page.getByRole('radio', { name: 'Month', exact: true }).check({ force: true, timeout: 2000 }).catch(() => {});
  await page.getByText('Your session has ended').waitFor();
  await picture(page, 'laptop-signin-expired');
  assert.ok(new URL(page.url()).hash.startsWith(where.split('?')[0]), 'the address stays');
  await page.getByLabel('Password', { exact: true }).fill(place.operator.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.head h1').waitFor();
  assert.ok(new URL(page.url()).hash.startsWith(where.split('?')[0]), 'signing in leads back');
  clean(faults);
  await context.close();
}

async function lostPlatform(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, place, 'operator');
  await page.locator('tr[data-meter]').first().waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  // The live stream breaks and nothing answers any more, then everything comes back: no page is lost.
  await context.setOffline(true);
  await context.route('**/v1/**', (route) => route.abort('connectionfailed'));
  place.cutStreams?.();
  await page.getByRole('searchbox').fill('MW');
  await page.getByText('No connection to the platform').first().waitFor();
  await picture(page, 'laptop-lost', false);
  await context.unroute('**/v1/**');
  await context.setOffline(false);
  // Whoever is faster: the person's click or the stream that comes back.
  await page.getByRole('button', { name: 'Try again' }).first().click({ timeout: 3000 }).catch(() => {});
  await page.getByText('No connection to the platform').first().waitFor({ state: 'hidden' });
  await page.getByText('Live', { exact: true }).waitFor({ timeout: 45_000 });
  clean(faults);
  await context.close();
}

async function nobodysAccount(browser, place) {
  const { page, context, faults } = await openPage(browser, PHONE);
  await signIn(page, place, 'empty');
  await page.getByText('No meter is linked to your account yet').waitFor();
  await named(page, 'empty account');
  await picture(page, 'phone-account-empty');
  clean(faults);
  await context.close();
}

async function emptyTown(browser, place) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, place, 'operator');
  await page.getByText('No meters yet').waitFor();
  await picture(page, 'laptop-meters-none');
  await page.goto(`${place.url}/#/network`);
  await page.getByText('No base station has reported yet').waitFor();
  clean(faults);
  await context.close();
}

async function wall(browser, place) {
  const { page, context, faults } = await openPage(browser, WALL, { colorScheme: 'dark' });
  await signIn(page, place, 'operator');
  await page.locator('tr[data-meter]').first().waitFor();
  await calm(page);
  await picture(page, 'wall-meters', false);
  await heardMeter(page);
  await page.locator('.chart').waitFor();
  await calm(page);
  await picture(page, 'wall-meter', false);
  clean(faults);
  await context.close();
}

/** Texts that show their key. */
function bareKeys(page) {
  return page.evaluate(() => {
    const keys = document.body.innerText.match(/\b(strip|meters?|col|paging|chart|log|flag|account|total|period|network|signal|register)\.[a-z]\w+/g) ?? [];
    return keys;
  });
}

/** Every language on the busiest pages, then English written from right to left. */
async function languages(browser, place, viewport, who) {
  const { page, context, faults } = await openPage(browser, viewport);
  const size = viewport === PHONE ? 'phone' : 'laptop';
  await signIn(page, place, who);
  const address = await page.evaluate(() => location.href);
  const check = async (what) => {
    await calm(page);
    await fits(page, what);
    assert.deepEqual(await bareKeys(page), [], `${what}: keys shown instead of words`);
    await picture(page, `${size}-${what.replaceAll(' ', '-')}`);
  };
  const visit = async (what) => {
    await page.locator('main .card').first().waitFor();
    if (who === 'operator') {
      await page.locator('tr[data-meter]').first().waitFor();
      await check(`${what} meters`);
      await page.locator('tr[data-meter] a').nth(2).click();
    }
    await page.locator('.chart').first().waitFor();
    await check(`${what} meter`);
  };
  await page.locator('button.opener').click();
  const offered = await page.locator('dialog select').first().locator('option').evaluateAll((all) => all.map((o) => o.value));
  assert.ok(offered.length >= 6, `languages offered: ${offered}`);
  for (const language of offered) {
    await page.evaluate((l) => localStorage.setItem('mw.language', l), language);
    await page.goto(address);
    await page.reload();
    await visit(language);
    assert.deepEqual(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]), [language, 'ltr']);
  }
  await page.evaluate(() => localStorage.setItem('mw.language', 'en'));
  await page.goto(address);
  await page.reload();
  await page.locator('main .card').first().waitFor();
  await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
  await visit('rtl');
  if (viewport === LAPTOP && who === 'operator') {
    const rail = await page.locator('.shell > aside').boundingBox();
    assert.equal(Math.round(rail.x + rail.width), viewport.width, 'the rail stands where reading begins');
  }
  clean(faults);
  await context.close();
}

/** Journeys for any platform; those of `mockOnly` need states that only the mock can be put into. */
export const journeys = [
  ['an operator at a laptop', (b, p) => operatorDay(b, p, LAPTOP, 'laptop', 'light')],
  ['an operator with a phone, dark', (b, p) => operatorDay(b, p, PHONE, 'phone', 'dark')],
  ['a reading arrives while looking', liveUpdate],
  ['a consumer at a laptop sees own meters only', (b, p) => consumer(b, p, LAPTOP, 'laptop', 'light')],
  ['languages at a laptop', (b, p) => languages(b, p, LAPTOP, 'operator')],
  ['languages on a phone', (b, p) => languages(b, p, PHONE, 'consumer')],
  ['a consumer with a phone', (b, p) => consumer(b, p, PHONE, 'phone', 'light')],
  ['an expired session leads to sign-in and back', expiredSession],
  ['the platform goes away and comes back', lostPlatform],
  ['a wall screen', wall],
  ['a wrong password, then the lock-out', wrongPassword],
];
export const mockOnly = [['an account without meters', nobodysAccount]];
export const emptyOnly = [['a platform without meters', emptyTown]];
