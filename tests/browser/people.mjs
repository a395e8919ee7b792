// SPDX-License-Identifier: Apache-2.0
// What people do about people: administration in the console, and the personal account beyond its chart. Started by
// tests/journeys/people, which says where the platform is and who may sign in.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { exchange } from './exchange.mjs';
import { barriers, calm, LAPTOP, launch, openPage, PHONE, picture, TABLET, WALL } from './browser.mjs';
import { fits } from './journeys.mjs';

const base = process.env.MW_BASE_URL;
const password = (login) => process.env[`MW_PASSWORD_${login.toUpperCase()}`];

function totp(secret, at = Date.now()) {
  const bits = [...secret.replace(/\s/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

async function signIn(page, login, secret = password(login)) {
  await page.goto(base);
  await page.getByLabel('Login').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** A page as it must always be: no wider than the window, one h1, no barrier (whole), nothing broken. */
async function right(page, name, shot, whole = true) {
  await calm(page);
  await fits(page, name);
  assert.equal(await page.locator('h1').count(), 1, `${name}: one h1`);
  assert.equal(await page.getByRole('alert').count(), 0, `${name}: ${await page.getByRole('alert').allInnerTexts()}`);
  if (whole) assert.deepEqual(await barriers(page), [], `${name}: barriers`);
  await picture(page, `${shot}-${name}`);
}

const TABS = ['users', 'readings', 'audit', 'tokens', 'tenants', 'settings', 'health', 'interface', 'security'];

async function administration(browser, viewport, size, colorScheme, tabs = TABS) {
  const { page, context, faults } = await openPage(browser, viewport, { colorScheme });
  await signIn(page, 'boss');
  await page.getByText('Live', { exact: true }).first().waitFor();
  for (const tab of tabs) {
    await page.goto(`${base}/#/administration/${tab}`);
    await page.locator('main .card').first().waitFor();
    await right(page, tab, `${size}-admin`);
  }
  await page.goto(`${base}/#/administration/interface`);
  await page.getByRole('searchbox').fill('handed');
  await page.locator('details summary').first().click();
  await page.getByText('operationId').first().waitFor();
  await right(page, 'operation', `${size}-admin`);
  assert.deepEqual(faults, []);
  await context.close();
}

/** By keyboard alone: a user is made, the link opened elsewhere, a password chosen, and the role is what it was made. */
async function invitation(browser) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, 'boss');
  await page.goto(`${base}/#/administration/users`);
  await page.getByRole('button', { name: 'Add a user' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.getByRole('dialog').getByLabel('Login').focus();
  await page.keyboard.type('mira');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Mira North');
  await page.getByLabel('Limited to the area').selectOption('north');
  await right(page, 'user-form', 'laptop-admin');
  await page.getByRole('dialog').getByLabel('Name').press('Enter');
  const link = page.getByLabel('Invitation for mira');
  await link.waitFor();
  const address = await link.inputValue();
  const guest = await openPage(browser, PHONE);
  await guest.page.goto(address);
  await guest.page.getByText('Choose a password for the login mira').waitFor();
  await right(guest.page, 'invitation', 'phone');
  await guest.page.locator('input[autocomplete=new-password]').first().fill('a good long password');
  await guest.page.getByLabel('New password again').fill('a good long password');
  await guest.page.getByRole('button', { name: 'Accept and sign in' }).click();
  await guest.page.getByText('Live', { exact: true }).first().waitFor();
  const seen = await guest.page.evaluate(async () => (await (await fetch('/v1/meters')).json()).items.map((m) => m.serial));
  assert.deepEqual(seen, ['MW-T-000001'], 'only the area');
  assert.deepEqual([...faults, ...guest.faults], []);
  await guest.context.close();
  await context.close();
}

/** A table of meters goes in: a first try tells what is wrong with it and changes nothing, the second goes in and out. */
async function importWizard(browser) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  const row = (n, address) => `4d570000000009${n},L-${n},legacy,${address},${'00'.repeat(16)},electricity,1-0:1.8.0*255,W.h`;
  const file = (rows) => ({ name: 'new.csv', mimeType: 'text/csv', buffer: Buffer.from(['device_id,serial,model,network_address,master_key,medium,obis,unit', ...rows].join('\n')) });
  const found = () => page.evaluate(async () => (await (await fetch('/v1/meters?search=L-0')).json()).total);
  await signIn(page, 'boss');
  await page.getByText('Live', { exact: true }).first().waitFor();
  await page.goto(`${base}/#/meters/import`);
  const chooser = page.locator('input[type=file]');
  await chooser.setInputFiles(file([row('01', 2305), row('02', 'nowhere')]));
  await page.getByRole('heading', { name: 'Say what the columns mean' }).waitFor();
  await page.getByLabel('Each row is').selectOption('meters');
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await page.getByText('Rows with problems: 1. Nothing was changed.').waitFor();
  await right(page, 'import-problems', 'laptop');
  assert.equal(await page.getByRole('button', { name: 'Apply', exact: true }).isDisabled(), true);
  await chooser.setInputFiles(file([row('01', 2305), row('02', 2306)]));
  await page.getByRole('heading', { name: 'Rows with problems' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Try without changing anything' }).click();
  await page.getByText('It fits. This would happen:').waitFor();
  await right(page, 'import-fits', 'laptop');
  assert.equal(await found(), 0, 'a try changes nothing');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await page.getByRole('heading', { name: 'Applied' }).waitFor();
  assert.equal(await found(), 2);
  await page.getByRole('button', { name: 'Take back' }).click();
  await page.getByText('Taken back: 0 spans of values, 2 meters removed.').waitFor();
  await right(page, 'import-taken-back', 'laptop');
  assert.equal(await found(), 0);
  assert.deepEqual(faults, []);
  await context.close();
}

/** Who is limited to an area is shown nothing that would be refused: no page asks for it, none offers it. */
async function limited(browser) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  const refused = [];
  page.on('response', (r) => r.status() === 403 && refused.push(r.url()));
  await signIn(page, 'north');
  await page.getByText('Live', { exact: true }).first().waitFor();
  for (const hash of ['today', 'meters', 'meters/0000000000000001-0', 'alarms', 'alarms/rules', 'validation', 'network', 'administration/readings', 'administration/interface', 'administration/security']) {
    await page.goto(`${base}/#/${hash}`);
    await page.locator('main .card').filter({ visible: true }).first().waitFor();
    await right(page, `limited-${hash.replaceAll('/', '-')}`, 'laptop', false);
  }
  await page.goto(`${base}/#/validation`);
  await page.getByRole('heading', { name: 'Validation' }).waitFor();
  for (const tab of ['Rules', 'Money at risk']) {
    await page.getByRole('radio', { name: tab, exact: true }).check({ force: true });
    await right(page, `limited-validation-${tab.split(' ')[0]}`, 'laptop', false);
  }
  for (const hash of ['alarms/recipients', 'meters/import']) {
    await page.goto(`${base}/#/${hash}`);
    await page.getByText('your account is limited to the area north').waitFor();
    await right(page, `limited-${hash.replaceAll('/', '-')}`, 'laptop');
  }
  await page.goto(`${base}/#/alarms`);
  await page.getByRole('link', { name: 'Rules' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Who is told' }).count(), 0);
  await page.goto(`${base}/#/meters`);
  await page.locator('tr[data-meter]').first().waitFor();
  assert.equal(await page.getByRole('link', { name: 'Import' }).count(), 0);
  assert.deepEqual(refused, [], 'nothing was asked for that is refused');
  assert.deepEqual(faults, []);
  await context.close();
}

async function secondFactor(browser) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, 'eye');
  await page.goto(`${base}/#/administration/security`);
  const card = page.locator('section', { has: page.getByRole('heading', { name: 'Second factor' }) });
  await card.getByLabel('Your password').fill(password('eye'));
  await card.getByRole('button', { name: 'Set it up' }).click();
  await card.getByRole('img').waitFor();
  await right(page, 'second-factor', 'laptop');
  const secret = (await card.locator('p .mono').innerText()).trim();
  await card.getByLabel('Code from your app').fill(totp(secret, Date.now() - 30_000));
  await card.getByRole('button', { name: 'Turn on' }).click();
  await card.getByRole('list', { name: 'Recovery codes' }).waitFor();
  const recovery = await card.getByRole('listitem').first().innerText();
  await right(page, 'recovery-codes', 'laptop');
  await context.clearCookies();
  await signIn(page, 'eye');
  await page.getByLabel('Code from your app').fill('000000');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This code does not fit').waitFor();
  await picture(page, 'laptop-signin-code');
  await page.getByLabel('Code from your app').fill(recovery);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Live', { exact: true }).first().waitFor();
  assert.deepEqual(faults, []);
  await context.close();
}

async function account(browser, viewport, size, colorScheme) {
  const { page, context, faults } = await openPage(browser, viewport, { colorScheme });
  await signIn(page, 'anna');
  await page.getByRole('heading', { name: 'While you are away' }).waitFor();
  await right(page, 'home', `${size}-account`);
  await page.goto(`${base}/#/access`);
  await page.getByRole('heading', { name: 'Invite somebody' }).waitFor();
  await right(page, 'access', `${size}-account`);
  await page.goto(`${base}/#/security`);
  await page.getByRole('heading', { name: 'Tokens for programs' }).waitFor();
  await right(page, 'security', `${size}-account`);
  assert.deepEqual(faults, []);
  await context.close();
}

/** A reading by hand with a photo goes to the operator, who accepts it; the customer sees that. */
async function readingByHand(browser) {
  const { page, context, faults } = await openPage(browser, PHONE);
  await signIn(page, 'anna');
  await page.getByLabel('The meter shows').fill('12,3456');
  await page.getByText('Digits only').waitFor();
  await page.getByLabel('The meter shows').fill('12,345');
  const photo = await page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 200 } });
  await page.getByLabel('Photo of the register').setInputFiles({ name: 'meter.png', mimeType: 'image/png', buffer: photo });
  await page.getByAltText('Your photo').waitFor();
  await page.getByRole('button', { name: 'Hand in' }).click();
  await page.getByText('Being looked at').waitFor();
  await right(page, 'handed-in', 'phone-account');
  await page.getByLabel('Away from').fill('2026-04-02');
  await page.getByLabel('Back on').fill('2026-04-09');
  await page.getByRole('button', { name: 'Watch my home' }).click();
  await page.getByText('nothing has flowed so far').waitFor();

  const boss = await openPage(browser, LAPTOP);
  await signIn(boss.page, 'boss');
  await boss.page.goto(`${base}/#/administration/readings`);
  await boss.page.getByRole('img', { name: 'Photo of the register' }).waitFor();
  await right(boss.page, 'readings-waiting', 'laptop-admin');
  await boss.page.getByRole('button', { name: 'Accept' }).click();
  await boss.page.getByText('Nothing waits for a decision').waitFor();
  await page.reload();
  await page.getByText('Accepted', { exact: true }).waitFor();
  assert.deepEqual([...faults, ...boss.faults], []);
  await boss.context.close();
  await context.close();
}

/** A tenant is invited by a link, makes an account, sees the home, and loses it again. */
async function guest(browser) {
  const { page, context, faults } = await openPage(browser, LAPTOP);
  await signIn(page, 'anna');
  await page.goto(`${base}/#/access`);
  await page.getByLabel('Who is it').fill('Tenant of the flat');
  await page.getByRole('button', { name: 'Make an invitation' }).click();
  const link = await page.getByLabel('Send this link').inputValue();
  await right(page, 'invited', 'laptop-account');
  const other = await openPage(browser, PHONE);
  await other.page.goto(link);
  await other.page.getByLabel('Your name').fill('Gustav Guest');
  await other.page.getByRole('textbox', { name: /^Login/ }).fill('gustav');
  await other.page.locator('input[autocomplete=new-password]').first().fill('the password of Gustav');
  await other.page.getByLabel('New password again').fill('the password of Gustav');
  await other.page.getByRole('button', { name: 'Accept and sign in' }).click();
  await other.page.getByText('Somebody shares this home with you').waitFor();
  await right(other.page, 'guest', 'phone-account');
  await page.reload();
  await page.getByRole('button', { name: 'Take back' }).click();
  await page.getByText('Nobody else sees this home').waitFor();
  await other.page.reload();
  await other.page.getByText('No meter is linked to your account yet').waitFor();
  assert.deepEqual([...faults, ...other.faults], []);
  await other.context.close();
  await context.close();
}

const journeys = [
  ['administration at a laptop', (b) => administration(b, LAPTOP, 'laptop', 'light')],
  ['administration on a tablet, dark', (b) => administration(b, TABLET, 'tablet', 'dark', ['users', 'audit', 'health', 'security'])],
  ['administration on a phone', (b) => administration(b, PHONE, 'phone', 'light', ['users', 'readings', 'settings'])],
  ['an invitation, by keyboard', invitation],
  ['an import, tried, applied and taken back', importWizard],
  ['an operator of one area', limited],
  ['a second factor', secondFactor],
  ['the account at a laptop', (b) => account(b, LAPTOP, 'laptop', 'light')],
  ['the account on a phone, dark', (b) => account(b, PHONE, 'phone-dark', 'dark')],
  ['the account on a wall screen', (b) => account(b, WALL, 'wall', 'light')],
  ['a reading by hand', readingByHand],
  ['a guest', guest],
  ['a meter is exchanged', (b) => exchange(b, base, signIn, JSON.parse(process.env.MW_EXCHANGE))],
];
const browser = await launch().catch((e) => (console.error(`SKIP: ${e.message.split('\n')[0]}`), process.exit(77)));
let failed = 0;
for (const [name, journey] of journeys) {
  if (!name.includes(process.argv[2] ?? '')) continue;
  const t = Date.now();
  try {
    await journey(browser);
    console.log(`ok   ${name} (${((Date.now() - t) / 1000).toFixed(1)} s)`);
  } catch (e) {
    failed += 1;
    console.log(`FAIL ${name}\n     ${String(e.message ?? e).split('\n').slice(0, 14).join('\n     ')}`);
    for (const c of browser.contexts()) await c.close().catch(() => {});
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
