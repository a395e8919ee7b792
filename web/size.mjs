// SPDX-License-Identifier: Apache-2.0
// What each entrance makes a browser load, compressed: the page, its scripts, styles and messages of one language, the
// one with the longest; nothing is counted that the entrance does not ask for. Prints figure lines: key value unit target ok|short.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('dist/', import.meta.url));
let manifest;
try {
  manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'));
} catch {
  console.error('web/dist is not there: run "npm ci && npm run build" in web/ first');
  process.exit(1);
}

/** Everything that loading these modules brings with it. */
function files(keys, found = new Set()) {
  for (const key of keys) {
    const m = manifest[key];
    if (!m) throw new Error(`the build has no ${key}`);
    if (found.has(m.file)) continue;
    found.add(m.file);
    for (const css of m.css ?? []) found.add(css);
    files(m.imports ?? [], found);
    // A library that a page fetches later (the console's uPlot) counts; the other entrance and other languages do not.
    files((m.dynamicImports ?? []).filter((k) => k.includes('node_modules/')), found);
  }
  return found;
}

const kb = (set) => [...set].reduce((sum, f) => sum + gzipSync(readFileSync(dist + f), { level: 9 }).length, 0) / 1000;

const ENTRANCES = [['console', 'src/console/Console.svelte', 150], ['account', 'src/account/Account.svelte', 60]];
const LANGUAGES = readdirSync(new URL('src/messages/', import.meta.url));
let short = false;
for (const [name, entry, target] of ENTRANCES) {
  const value = Math.max(...LANGUAGES.map((language) => {
    const set = files(['index.html', `src/messages/${language}/common.json`, entry, `src/messages/${language}/${name}.json`]);
    return kb(set.add('index.html').add('favicon.svg'));
  }));
  if (value > target) short = true;
  console.log(`web.bundle_kb_gz.${name} ${value.toFixed(1)} kB <=${target} ${value <= target ? 'ok' : 'short'}`);
}
process.exitCode = short ? 2 : 0;
