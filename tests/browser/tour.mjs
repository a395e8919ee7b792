// SPDX-License-Identifier: Apache-2.0
// Opens every page of a running system and takes its picture. Started by tools/pictures, which says where it runs and
// who may sign in:  node tour.mjs FOLDER [docs | tour SIZE SCHEME LANGUAGE]

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { calm, LAPTOP, launch, openPage, PHONE, TABLET, WALL } from './browser.mjs';
import { fits } from './journeys.mjs';

const base = process.env.MW_BASE_URL;
const [folder, what, size = 'laptop', scheme = 'light', language = 'en'] = process.argv.slice(2);
const SIZES = { laptop: LAPTOP, tablet: TABLET, phone: PHONE, wall: WALL };
mkdirSync(folder, { recursive: true });

async function signed(browser, who, viewport, colorScheme, speech = 'en') {
  const opened = await openPage(browser, viewport, { colorScheme });
  await opened.page.addInitScript((l) => localStorage.setItem('mw.language', l), speech);
  await opened.page.goto(base);
  await opened.page.locator('input[autocomplete=username]').fill(who);
  await opened.page.locator('input[type=password]').fill(process.env[`MW_PASSWORD_${who.toUpperCase()}`]);
  await opened.page.keyboard.press('Enter');
  await opened.page.locator('main .card').first().waitFor();
  return opened;
}

const ask = (page, path) => page.evaluate(async (p) => (await fetch(p)).json(), `/v1/${path}`);
/** A list that grows as one scrolls would be taller than any picture. */
const TALLEST = 4000;
async function go(page, hash) {
  await page.goto(`${base}/#/${hash}`);
  await page.locator('main h1, main h2').first().waitFor();
  await calm(page);
}

/** A meter without troubles, and one alarm that a rule of values raised, if there is one. */
async function subjects(page) {
  const meters = (await ask(page, 'meters?medium=electricity&search=MW-P&limit=20')).items.filter((m) => m.flags.length === 0);
  const alarms = (await ask(page, 'alarms?limit=50')).items;
  const alarm = alarms.find((a) => a.latest.hours) ?? alarms[0];
  return { meter: meters[0]?.id, alarm: alarm?.id };
}

const CONSOLE = (s) => [
  ['today', 'today'], ['meters', 'meters'], ['meter-day', `meters/${s.meter}`], ['meter-month', `meters/${s.meter}?view=month`],
  ['import', 'meters/import'], ['alarms', 'alarms'], ...(s.alarm ? [['alarm', `alarms/${s.alarm}`]] : []), ['rules', 'alarms/rules'],
  ['recipients', 'alarms/recipients'], ['validation', 'validation'], ['network', 'network'],
  ...['users', 'readings', 'audit', 'tokens', 'tenants', 'settings', 'health', 'interface', 'security'].map((t) => [`admin-${t}`, `administration/${t}`]),
];
const ACCOUNT = [['home', ''], ['home-week', '?view=week'], ['home-month', '?view=month'], ['access', 'access'], ['security', 'security']];

/** All pages of both roles in one size, scheme and language. */
async function tour(browser) {
  for (const [who, role, pages] of [['admin', 'console', CONSOLE], ['anna', 'account', () => ACCOUNT]]) {
    const { page, context, faults } = await signed(browser, who, SIZES[size], scheme, language);
    const s = role === 'console' ? await subjects(page) : {};
    for (const [name, hash] of pages(s)) {
      await go(page, hash);
      await fits(page, name).catch((e) => console.log(`${name}: ${e.message}`));
      const height = Math.min(TALLEST, await page.evaluate(() => document.documentElement.scrollHeight));
      await page.screenshot({ path: join(folder, `${role}-${name}.png`), fullPage: true, clip: { x: 0, y: 0, width: SIZES[size].width, height } });
    }
    for (const fault of faults) console.log(`${role}: ${fault}`);
    await context.close();
  }
}

/** The pictures of README and docs/. */
async function docs(browser) {
  const desk = await signed(browser, 'admin', LAPTOP, 'light');
  const { page } = desk;
  const shot = (name, options = {}) => page.screenshot({ path: join(folder, `${name}.png`), ...options });
  const upTo = (height) => ({ fullPage: true, clip: { x: 0, y: 0, width: LAPTOP.width, height } });
  const s = await subjects(page);
  await go(page, 'today');
  await shot('console-today', upTo(1040));
  await go(page, 'meters?medium=water');
  await shot('console-meters');
  await go(page, 'meters');
  await shot('console');
  await go(page, `meters/${s.meter}`);
  await shot('meter', upTo(1000));
  await page.getByRole('button', { name: 'Earlier' }).click();
  await calm(page);
  await shot('console-meter', upTo(1000));
  if (s.alarm) {
    await go(page, `alarms/${s.alarm}`);
    await shot('console-alarm', upTo(980));
  }
  await go(page, 'validation');
  await shot('console-validation', upTo(820));
  await go(page, 'network');
  await shot('console-network', upTo(820));
  await go(page, 'administration/users');
  await shot('console-administration');
  await go(page, 'meters/import');
  const row = (n) => `4d5700000000090${n},MW-W-00900${n},legacy,${4608 + n},${'00'.repeat(16)},water,8-0:1.0.0*255,L,Garden ${n}`;
  await page.locator('input[type=file]').setInputFiles({ name: 'new-street.csv', mimeType: 'text/csv', buffer: Buffer.from(['device_id,serial,model,network_address,master_key,medium,obis,unit,label', ...[1, 2, 3].map(row)].join('\n')) });
  await page.getByLabel('Each row is').selectOption('meters');
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await page.getByText('It fits. This would happen:').waitFor();
  await calm(page);
  await page.evaluate(() => scrollTo(0, 0));
  await shot('console-import', upTo(1100));
  await desk.context.close();

  const night = await signed(browser, 'admin', PHONE, 'dark');
  await go(night.page, 'today');
  await night.page.screenshot({ path: join(folder, 'console-phone.png') });
  await night.context.close();
  const home = await signed(browser, 'anna', PHONE, 'light');
  const tile = home.page.locator('nav.tiles a.medium-electricity');
  if (await tile.count()) await tile.first().click();
  await calm(home.page);
  await home.page.screenshot({ path: join(folder, 'account-phone.png'), fullPage: true, clip: { x: 0, y: 0, width: PHONE.width, height: 1150 } });
  await home.context.close();
}

const browser = await launch();
try {
  await (what === 'tour' ? tour : docs)(browser);
} finally {
  await browser.close();
}
