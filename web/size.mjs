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
function files(keys, entry, found = new Set(), all = false) {
  for (const key of keys) {
    const m = manifest[key];
    if (!m) throw new Error(`the build has no ${key}`);
    if (found.has(m.file)) continue;
    found.add(m.file);
    for (const css of m.css ?? []) found.add(css);
    files(m.imports ?? [], entry, found, all);
    // Pages and libraries that are fetched later count; the other entrance and other languages do not.
    files((m.dynamicImports ?? []).filter((k) => k.includes('node_modules/') || (entry && k.startsWith(entry) && (all || !k.includes('/admin/')))), entry, found, all);
  }
  return found;
}

/** The manifest's key of an entrance: its source, or its name where the chunk holds other modules too. */
function chunkOf(folder, name) {
  const source = `${folder}${name}.svelte`;
  return source in manifest ? source : Object.keys(manifest).find((k) => manifest[k].name === name && manifest[k].isDynamicEntry) ?? source;
}

const kb = (set) => [...set].reduce((sum, f) => sum + gzipSync(readFileSync(dist + f), { level: 9 }).length, 0) / 1000;

// The message files that the entrance's pages may ask for, besides common.
const ENTRANCES = [['console', 150, ['console', 'admin', 'alarms', 'work']], ['account', 60, ['account']]];
const LANGUAGES = readdirSync(new URL('src/messages/', import.meta.url));
let short = false;
for (const [name, target, parts] of ENTRANCES) {
  const folder = `src/${name}/`;
  const value = Math.max(...LANGUAGES.map((language) => {
    const texts = ['common', ...parts].map((p) => `src/messages/${language}/${p}.json`);
    // An operator's day goes through all pages but administration; of the account what opens counts. What else can be
    // opened stands beside it.
    const set = files(['index.html', chunkOf(folder, name[0].toUpperCase() + name.slice(1)), ...texts], name === 'console' ? folder : '');
    return kb(set.add('index.html').add('favicon.svg'));
  }));
  const all = Math.max(...LANGUAGES.map((language) => {
    const texts = ['common', ...parts, 'security', ...(name === 'account' ? ['home'] : [])].map((p) => `src/messages/${language}/${p}.json`);
    return kb(files(['index.html', chunkOf(folder, name[0].toUpperCase() + name.slice(1)), ...texts], folder, new Set(), true).add('index.html').add('favicon.svg'));
  }));
  console.error(`${name} with everything that can be opened in it: ${all.toFixed(1)} kB`);
  if (value > target) short = true;
  console.log(`web.${name}_kb_gz ${value.toFixed(1)} kB <=${target} ${value <= target ? 'ok' : 'short'}`);
}
process.exitCode = short ? 2 : 0;
