// SPDX-License-Identifier: Apache-2.0
// Runs the journeys. By default against the mock server and web/dist; against a real platform when told where it is:
//   MW_BASE_URL  MW_OPERATOR_LOGIN  MW_OPERATOR_PASSWORD  MW_CONSUMER_LOGIN  MW_CONSUMER_PASSWORD
//   MW_SCREENSHOTS=folder       a picture of every page
//   MW_LIVE_TIMEOUT_MS=60000    how long to wait for a live reading
//   MW_CHROMIUM=/path           another browser
// An argument keeps the journeys whose name contains it. Exit code 0 when all passed, 77 when a browser is lacking.

import { existsSync } from 'node:fs';
import { startMock } from '../../web/dev/mock.mjs';
import { alarmJourneys, emptyAlarms } from './alarms.mjs';
import { emptyOnly, journeys, mockOnly } from './journeys.mjs';

const only = process.argv[2] ?? '';
const base = process.env.MW_BASE_URL?.replace(/\/$/, '');

if (!base && !existsSync(new URL('../../web/dist/index.html', import.meta.url))) {
  console.error('web/dist is not there: run "npm ci && npm run build" in web/ first');
  process.exit(1);
}
let browser;
try {
  browser = await (await import('./browser.mjs')).launch();
} catch (e) {
  console.error(`SKIP: ${e.message.split('\n')[0]}`);
  process.exit(77);
}

/** A meter that the consumer must not see, found with the operator's eyes. */
async function foreignMeter(place) {
  const session = async (who) => {
    const r = await fetch(`${place.url}/v1/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: place[who].login, password: place[who].password }) });
    if (!r.ok) throw new Error(`${who} ${place[who].login} cannot sign in: ${r.status}`);
    return r.headers.get('set-cookie').split(';')[0];
  };
  const list = async (cookie) => (await (await fetch(`${place.url}/v1/meters?limit=200`, { headers: { Cookie: cookie } })).json()).items.map((m) => m.id);
  const own = new Set(await list(await session('consumer')));
  return (await list(await session('operator'))).find((id) => !own.has(id));
}

let failed = 0;
async function go(list, place) {
  for (const [name, journey] of list) {
    if (!name.includes(only)) continue;
    const t = Date.now();
    try {
      await journey(browser, place);
      console.log(`ok   ${name} (${((Date.now() - t) / 1000).toFixed(1)} s)`);
    } catch (e) {
      failed += 1;
      console.log(`FAIL ${name}\n     ${String(e.message ?? e).split('\n').slice(0, 12).join('\n     ')}`);
      for (const c of browser.contexts()) await c.close().catch(() => {});
    }
  }
}

if (base) {
  const need = (k) => process.env[k] ?? (console.error(`${k} is not set`), process.exit(1));
  const place = {
    url: base, stranger: `nobody-${process.pid}`,
    operator: { login: need('MW_OPERATOR_LOGIN'), password: need('MW_OPERATOR_PASSWORD') },
    consumer: { login: need('MW_CONSUMER_LOGIN'), password: need('MW_CONSUMER_PASSWORD') },
  };
  place.foreignMeter = await foreignMeter(place);
  await go(journeys, place);
} else {
  const mock = await startMock();
  const of = (login) => ({ login, password: mock.passwords[login] });
  const place = { url: mock.url, stranger: 'bruno', cutStreams: mock.cutStreams, operator: of('operator'), consumer: { ...of('anna'), meters: 2 }, empty: of('empty') };
  place.foreignMeter = await foreignMeter(place);
  await go([...journeys, ...alarmJourneys, ...mockOnly], place);
  await mock.stop();
  const nothing = await startMock({ meters: 0 });
  await go([...emptyOnly, ...emptyAlarms], { url: nothing.url, operator: { login: 'operator', password: nothing.passwords.operator } });
  await nothing.stop();
}
await browser.close();
console.log(failed ? `${failed} journeys failed` : 'all journeys passed');
process.exit(failed ? 1 : 0);
