// SPDX-License-Identifier: Apache-2.0
import { mount } from 'svelte';
import Root from './Root.svelte';
import { i18n } from './shared/i18n.svelte';
import { session } from './shared/session.svelte';
import { theme } from './shared/theme.svelte';
import './styles/base.css';

theme.start();
await Promise.all([i18n.start('common'), session.start()]);
mount(Root, { target: document.getElementById('app')! });
