// Where the checkout and the caches are.
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** build/ts/tests/bench/checkout.js -> the checkout */
export const checkout = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));
export const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'offramp');
export const dataFolder = process.env['OFFRAMP_DATA'] ?? join(checkout, '../shared/data');
