// SPDX-License-Identifier: Apache-2.0
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// While developing, /v1 is answered by the mock server or by a real platform.
const backend = process.env.MW_BASE_URL ?? 'http://127.0.0.1:8090';

const SHARED = [
  ['shared', /node_modules\/(svelte|esm-env|clsx)\/|src\/shared\/[\w.]+\.ts|src\/shared\/ui\/(Failure|MediumIcon|Notice|Scroll|Segmented|Skeleton|UserMenu|Preferences|Logo)\.svelte/],
  ['parts', /src\/console\/(names\.ts|Limited\.svelte|alarms\/(alarms\.ts|SeverityMark\.svelte)|overview)|src\/shared\/ui\/Tabs\.svelte/],
];

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    manifest: true,
    // A data: address would need a weaker content security policy than default-src 'self'.
    assetsInlineLimit: 0,
    // The build says nothing of its own about sizes: size.mjs measures what each entrance loads.
    reportCompressedSize: false,
    // What both entrances need, and what several pages of the console share, travels in one piece each: many small ones
    // compress badly.
    rollupOptions: { output: { manualChunks: (id) => SHARED.find(([, files]) => files.test(id))?.[0] } },
  },
  server: { proxy: { '/v1': backend } },
});
