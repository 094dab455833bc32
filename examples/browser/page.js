// Hands the page's question to a worker, because a page's own thread must not wait, and shows what comes back.
const question = Object.fromEntries(new URLSearchParams(location.search));
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
const show = (text) => { document.querySelector('#state').textContent = text; };

worker.onmessage = ({ data }) => {
  document.querySelector('#answers').textContent = data.lines.join('\n');
  show(data.state);
};
worker.onerror = (event) => show(`failed: ${event.message ?? 'the worker did not load'}`);
worker.postMessage(question);
