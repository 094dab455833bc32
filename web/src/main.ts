// Starts the page.
import { mount } from 'svelte';
import App from './App.svelte';
import './ui/theme.css';
import { engineThreads } from './worker/engine_client.js';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
mount(App, { target });

if ('serviceWorker' in navigator && import.meta.env.PROD) {
  addEventListener('load', () => void keepForOffline().catch(() => undefined), { once: true }); // without it there is no use without a network
}

async function keepForOffline(): Promise<void> {
  await navigator.serviceWorker.register('./service_worker.js', { scope: './' });
  const { active } = await navigator.serviceWorker.ready;
  const variant = crossOriginIsolated && engineThreads() > 1 ? 'simd-threads' : 'simd';
  const keep = ['offramp.mjs', 'offramp.wasm'].map((name) => new URL(`${__ENGINE_FOLDER__}/${variant}/${name}`, document.baseURI).href);
  active?.postMessage({ keep });
}
