// SPDX-License-Identifier: Apache-2.0
// Open pages while their platform is restarted under them, and sessions that run out. Started by tests/journeys/restart,
// which does to the platform what is asked here.

import assert from 'node:assert/strict';
import { LAPTOP, launch, openPage, PHONE, picture, TABLET } from './browser.mjs';
import { platform } from './driven.mjs';
import { clean, fits } from './journeys.mjs';

const base = process.env.MW_BASE_URL;
const meter = process.env.MW_METER;
const password = (login) => process.env[`MW_PASSWORD_${login.toUpperCase()}`];

async function signIn(page, login, secret = password(login)) {
  await page.getByLabel('Login').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const BANNER = 'The live connection is interrupted';

/** One open page: who looks at what, what is being typed there, and how it is sent off. */
const OPEN = [
  {
    name: 'laptop', login: 'ops', viewport: LAPTOP, hash: '#/alarms/rules?rule=leak',
    async type(page) {
      await page.getByRole('spinbutton').fill('9');
      await page.getByLabel('Why').fill('Fewer calls at night');
    },
    async typed(page) {
      assert.equal(await page.getByRole('spinbutton').inputValue(), '9');
      assert.equal(await page.getByLabel('Why').inputValue(), 'Fewer calls at night');
    },
    send: (page) => page.getByRole('button', { name: 'Save' }).click(),
    sent: (page) => page.getByText('The threshold counts from now on.').waitFor(),
  },
  {
    name: 'tablet', login: 'ops', viewport: TABLET, hash: `#/meters/${meter}`,
    type: (page) => page.locator('textarea').fill('The cellar key hangs at number 3.'),
    typed: async (page) => assert.equal(await page.locator('textarea').inputValue(), 'The cellar key hangs at number 3.'),
    send: (page) => page.getByRole('button', { name: 'Add note' }).click(),
    sent: (page) => page.locator('li p', { hasText: 'The cellar key hangs at number 3.' }).first().waitFor(),
  },
  {
    name: 'phone', login: 'anna', viewport: PHONE, hash: `#/meter/${meter}`,
    type: (page) => page.getByLabel('The meter shows').fill('12,345'),
    typed: async (page) => assert.equal(await page.getByLabel('The meter shows').inputValue(), '12,345'),
    send: (page) => page.getByRole('button', { name: 'Hand in' }).click(),
    sent: (page) => page.getByText('Being looked at').first().waitFor(),
  },
];

async function open(browser) {
  const all = [];
  for (const o of OPEN) {
    const opened = { ...o, ...(await openPage(browser, o.viewport)) };
    const { page } = opened;
    await page.goto(`${base}/${o.hash}`);
    if (o.login === 'anna') {
      await signIn(page, 'anna', 'not her password');
      await page.getByText('do not match').waitFor();
    }
    await signIn(page, o.login);
    await page.locator('.live.open').waitFor({ state: 'attached' });
    await page.evaluate(() => { globalThis.neverLoadedAgain = true; });
    all.push(opened);
  }
  return all;
}

const each = (all, f) => Promise.all(all.map(f));

/** Down: every page says so, and what is sent off now is refused and stays. Up: all is well without a hand being moved. */
async function restarted(all, how) {
  await each(all, (o) => o.type(o.page));
  await platform(how);
  await each(all, async (o) => {
    await o.page.getByText(BANNER).waitFor();
    await o.send(o.page);
    await o.page.getByRole('alert').or(o.page.getByText('No connection')).first().waitFor();
    await o.typed(o.page);
    await fits(o.page, `${o.name}, ${how}`);
    await picture(o.page, `${o.name}-restart-${how}`, false);
  });
  await platform('start');
  await each(all, async (o) => {
    await o.page.locator('.live.open').waitFor({ state: 'attached', timeout: 40_000 });
    await o.page.getByText(BANNER).waitFor({ state: 'detached' });
    assert.ok(await o.page.evaluate(() => globalThis.neverLoadedAgain), 'the page was not loaded again');
    await o.typed(o.page);
    await o.send(o.page);
    await o.sent(o.page);
    await picture(o.page, `${o.name}-restart-${how}-after`, false);
  });
}

/** What arrives after the restart reaches the open pages by itself. */
async function livesOn(all) {
  const [laptop] = all;
  await laptop.page.evaluate(() => { location.hash = '#/meters?sort=last_seen'; });
  await laptop.page.locator('tr[data-meter]').first().waitFor();
  const heard = () => each(all.slice(2), (o) => o.page.locator('main').innerText());
  const before = await heard();
  await platform('report');
  await laptop.page.locator('tr.fresh').first().waitFor();
  for (let i = 0; i < 50 && (await heard())[0] === before[0]; i++) await laptop.page.waitForTimeout(100);
  assert.notDeepEqual(await heard(), before, 'the customer sees the new reading');
  await laptop.page.evaluate(() => { location.hash = '#/alarms'; });
}

/** Sessions get too old under open pages. */
async function expired(all) {
  await platform('age');
  await each(all, async (o) => {
    await o.page.getByText('Your session has ended').waitFor({ timeout: 40_000 });
    await picture(o.page, `${o.name}-expired`, false);
  });
  await each(all, async (o) => {
    const where = await o.page.evaluate(() => location.hash);
    await o.page.getByLabel('Password', { exact: true }).fill(password(o.login));
    await o.page.getByRole('button', { name: 'Sign in' }).click();
    await o.page.locator('.live.open').waitFor({ state: 'attached', timeout: 40_000 });
    assert.equal(await o.page.evaluate(() => location.hash), where, 'signing in leads back');
  });
}

const browser = await launch().catch((e) => (console.error(`SKIP: ${e.message.split('\n')[0]}`), process.exit(77)));
try {
  const begun = Date.now();
  const all = await open(browser);
  const steps = [
    ['a restart under open pages', () => restarted(all, 'stop')],
    ['a kill under open pages', () => restarted(all, 'kill')],
    ['what arrives afterwards is shown', () => livesOn(all)],
    ['sessions that ran out', () => expired(all)],
  ];
  for (const [name, step] of steps) {
    await step();
    console.log(`ok   ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s since the beginning)`);
  }
  for (const o of all) clean(o.faults);
} catch (e) {
  console.log(`FAIL ${String(e.stack ?? e).split('\n').slice(0, 16).join('\n     ')}`);
  process.exitCode = 1;
}
await browser.close();
process.exit();
