// SPDX-License-Identifier: Apache-2.0
// The browser's half of tests/journeys/driven.py.

import { createInterface } from 'node:readline';

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has something done to the platform, and gives what came of it. */
export async function platform(...words) {
  console.log(`DO ${words.join(' ')}`);
  const { value, done } = await answers.next();
  if (done) throw new Error(`"${words.join(' ')}" was not done`);
  return JSON.parse(value);
}
