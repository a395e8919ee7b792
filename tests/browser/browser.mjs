// SPDX-License-Identifier: Apache-2.0
// Chromium for the journeys: Debian's own, headless, with a profile that is thrown away.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export async function launch() {
  const executablePath = process.env.MW_CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (!executablePath) throw new Error('no Chromium found: install the package chromium or set MW_CHROMIUM');
  const args = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath, headless: true, args });
}

export const LAPTOP = { width: 1440, height: 900 };
export const TABLET = { width: 820, height: 1180 };
export const PHONE = { width: 390, height: 844 };
export const WALL = { width: 2560, height: 1440 };

const shots = process.env.MW_SCREENSHOTS;
if (shots) mkdirSync(shots, { recursive: true });

/** A picture of the whole page, when a folder for pictures was named. */
export async function picture(page, name, fullPage = true) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
}

/**
 * Waits until the page came to rest: nothing asked of the platform is unanswered, nothing stands in for what is still
 * to come, and nothing moves. Much shorter than any fixed pause that is long enough.
 */
export async function calm(page) {
  const end = Date.now() + 5000;
  for (let still = 0; still < 2 && Date.now() < end; ) {
    const rest = page.asked.size === 0 && (await page.evaluate(async () => {
      await Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => {})));
      await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
      return !document.querySelector('main .skeleton');
    }));
    still = rest && page.asked.size === 0 ? still + 1 : 0;
    await page.waitForTimeout(20);
  }
}

/** What axe finds against WCAG 2.2 A and AA on the page as it stands, one line each. */
export async function barriers(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const r = await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return r.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary?.split('\n').slice(1).join(' ').trim()}`));
  });
}

/**
 * A page that remembers everything that went wrong in it. Refusals that a journey provokes (401, 404, 429) are not
 * faults; a violated content security policy or a script error is.
 */
export async function openPage(browser, viewport, options = {}) {
  const context = await browser.newContext({ viewport, locale: 'en-GB', timezoneId: 'America/New_York', acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(Number(process.env.MW_BROWSER_TIMEOUT_MS ?? 15_000));
  page.asked = new Set(); // questions without an answer yet
  page.on('request', (r) => { if (!r.url().includes('/v1/stream')) page.asked.add(r); });
  for (const over of ['requestfinished', 'requestfailed']) page.on(over, (r) => page.asked.delete(r));
  const faults = [];
  page.on('pageerror', (e) => faults.push(`script error: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/Failed to load resource|ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK|INTERNET)/.test(m.text())) faults.push(`console: ${m.text()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (e) => console.error(`content security policy: ${e.violatedDirective} ${e.blockedURI}`));
  });
  return { page, context, faults };
}
