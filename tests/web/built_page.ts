// The built page for tests: as chromium_page.ts, closed after the last of them.
import { after } from 'node:test';
import { closeAll } from './chromium_page.js';

export * from './chromium_page.js';

after(closeAll);
