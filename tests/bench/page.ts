// build/bench/index.html: bars of every engine's speed against onnxruntime-web's, times, and how it was measured. One file, no
// script, nothing loaded from elsewhere.
import { renderDocument } from 'offramp/report/document';
import { fixed, latency } from 'offramp/report/format';
import { Html, html, type HtmlValue } from 'offramp/report/html';
import { chart, legend } from 'offramp/report/chart';
import { drawBars, engineColours, type BarGroup } from './bars.js';
import { compare, summarise, type BenchResults, type ModelResult } from './results.js';
import { pairedRatio } from './statistics.js';

export function renderPage(results: BenchResults): string {
  return renderDocument('Offramp beside other engines', html`<header><h1>Benchmark, ${results.date.slice(0, 10)}</h1><p class="lead">${headline(results)}</p></header>
<main>
<section><p>Bars show speed against onnxruntime-web with as many threads: longer is faster. They are medians, with the range from the 10th to the
90th percentile of the rounds; beside each stands the median time of a call.</p></section>
${settings(results).map(({ host, threads }) => speedSection(results, host, threads))}
${firstResults(results)}
${numbers(results)}
${method(results)}
</main>
<footer><p>Made by ./run bench.</p></footer>`);
}

interface Setting {
  host: string;
  threads: number;
}

function settings(results: BenchResults): Setting[] {
  const all = results.models.flatMap((result) => result.engines.map(({ choice }) => ({ host: result.host, threads: choice.threads })));
  const unique = new Map(all.map((setting) => [`${setting.host} ${setting.threads}`, setting]));
  return [...unique.values()].sort((a, b) => a.host.localeCompare(b.host) * -1 || a.threads - b.threads);
}

/** From the first setting, which is Node with one thread unless others were asked for. */
function headline(results: BenchResults): Html {
  const [first] = settings(results);
  const lines = results.models.filter(({ host }) => host === first?.host).flatMap(compare).filter(({ threads }) => threads === first?.threads);
  const faster = lines.map(({ slower }) => slower['onnxruntime-web']).filter((value) => value !== undefined);
  if (first === undefined || faster.length === 0) return html`Times of Offramp and other engines on the same models.`;
  const over = lines.map(({ overBare }) => overBare).filter((value) => value !== undefined);
  const range = (values: readonly number[]): string => {
    const [low, high] = [fixed(Math.min(...values), 2), fixed(Math.max(...values), 2)];
    return low === high ? low : `${low} to ${high}`;
  };
  return html`<em>${range(faster)} times</em> as fast as onnxruntime-web in ${hostTitle(first.host)} with ${threadsText(first.threads)}${
    over.length === 0 ? '' : html`; ${range(over)} times the time of XNNPACK alone`}.`;
}

function speedSection(results: BenchResults, host: string, threads: number): HtmlValue {
  const groups: BarGroup[] = [];
  for (const result of results.models.filter((one) => one.host === host)) {
    const base = result.engines.find(({ choice }) => choice.engine === 'onnxruntime-web' && choice.threads === threads);
    const rows = summarise(result).filter(({ choice }) => choice.threads === threads);
    if (base === undefined || rows.length < 2) continue;
    groups.push({
      title: result.title,
      bars: rows.map((row) => {
        const own = result.engines.find(({ id }) => id === row.id);
        const note = row.choice.variant === 'relaxed-simd' ? { note: 'relaxed SIMD' } : {};
        return { label: engineTitle(row.choice), engine: row.choice.engine, speed: pairedRatio(base.rounds, own?.rounds ?? []), text: latency(row.time.median), ...note };
      }),
    });
  }
  if (groups.length === 0) return null;
  const shown = Object.keys(engineColours).filter((engine) => groups.some(({ bars }) => bars.some((bar) => bar.engine === engine)));
  const label = `Speed against onnxruntime-web in ${hostTitle(host)}, ${threadsText(threads)}`;
  return html`<section><h2>${hostTitle(host)}, ${threadsText(threads)}</h2>
${chart(null, legend(shown.map((engine) => ['square', engineColours[engine as keyof typeof engineColours], legendTitle(engine)] as const)), (width) => drawBars(groups, label, width))}
</section>`;
}

function firstResults(results: BenchResults): HtmlValue {
  const measured = results.models.filter(({ engines }) => engines.some(({ firstResultNs }) => firstResultNs.length > 0));
  if (measured.length === 0) return null;
  const hosts = [...new Set(measured.map(({ host }) => host))];
  const columns = hosts.flatMap((host) => (['offramp', 'onnxruntime-web', 'tfjs'] as const).map((engine) => ({ host, engine })));
  const titles = [...new Map(measured.map(({ model, title }) => [model, title]))];
  const cell = (model: string, host: string, engine: string): string => {
    const result = measured.find((one) => one.model === model && one.host === host);
    const row = result && summarise(result).find(({ choice }) => choice.engine === engine && choice.threads === 1);
    return latency(row?.firstResult?.median ?? null);
  };
  return html`<section><h2>First result</h2>
<p>From a fresh process or page with all bytes in memory to the first output: compiling the wasm file, loading the model, one run. One thread, medians.</p>
<div class="scroll"><table class="compact"><thead><tr><th></th>${hosts.map((host) => html`<th class="number" colspan="3">${hostTitle(host)}</th>`)}</tr>
<tr><th></th>${columns.map(({ engine }) => html`<th class="number">${engineTitle({ engine })}</th>`)}</tr></thead>
<tbody>${titles.map(([model, title]) => html`<tr><td class="title">${title}</td>${columns.map(({ host, engine }) => html`<td class="number">${cell(model, host, engine)}</td>`)}</tr>`)}</tbody></table></div></section>`;
}

function numbers(results: BenchResults): HtmlValue {
  return html`<section><h2>All times</h2>${results.models.map((result) => html`<details><summary>${result.title}, ${hostTitle(result.host)}</summary>${timesTable(result)}</details>`)}</section>`;
}

function timesTable(result: ModelResult): HtmlValue {
  const rows = summarise(result).map((row) => html`<tr class="${row.choice.engine === 'offramp' ? 'chosen' : ''}"><th>${engineTitle(row.choice)}</th><td class="number">${row.choice.threads}</td>
<td class="number">${latency(row.time.median)}</td><td class="number">${latency(row.time.p10)}</td><td class="number">${latency(row.time.p90)}</td>
<td class="number">${row.ratio === undefined ? '–' : `${fixed(row.ratio.median, 2)} ×`}</td><td class="number">${latency(row.firstResult?.median ?? null)}</td></tr>`);
  const missing = result.notCovered.map(({ id, why }) => html`<li>${id}: ${why}</li>`);
  return html`<div class="scroll"><table class="compact"><thead><tr><th></th><th class="number">threads</th><th class="number">median</th><th class="number">p10</th><th class="number">p90</th><th class="number">against Offramp</th><th class="number">first result</th></tr></thead><tbody>${rows}</tbody></table></div>
${missing.length === 0 ? '' : html`<p class="soft">Not run:</p><ul class="soft">${missing}</ul>`}`;
}

function method(results: BenchResults): HtmlValue {
  return html`<section><h2>How it was measured</h2><dl class="facts">
<dt>Machine</dt><dd>${results.machine}</dd>
<dt>Hosts</dt><dd>${Object.values(results.hosts).join(', ')}</dd>
<dt>Rounds</dt><dd>${results.rounds}, every engine in turn in an order drawn anew for each; ratios are of the same round</dd>
<dt>Clock</dt><dd>${results.clock === 'cpu' ? "the process's own time: other programs ran on the machine" : 'wall time'}</dd>
<dt>A call</dt><dd>the input array handed in and the output array read out; of XNNPACK alone, only its invocation, with input and output in place</dd>
<dt>Same answers</dt><dd>all outputs agree to a thousandth of the largest, or nothing is timed</dd>
<dt>Models</dt><dd>MobileNetV2, ResNet-50 and ViT-tiny have random weights, which do not change the time</dd>
</dl></section>`;
}

const hostTitle = (host: string): string => (host === 'node' ? 'Node' : 'Chromium');
const threadsText = (threads: number): string => (threads === 1 ? 'one thread' : `${threads} threads`);
const legendTitle = (engine: string): string =>
  engine === 'offramp' ? 'Offramp' : engine === 'bare' ? 'XNNPACK alone, invoked only' : engine === 'tfjs' ? 'TensorFlow.js (wasm)' : engine;

function engineTitle({ engine, variant }: { engine: string; variant?: string }): string {
  return engine === 'offramp' ? `Offramp ${variant ?? ''}`.trim() : engine === 'bare' ? 'XNNPACK alone' : engine === 'tfjs' ? 'TensorFlow.js' : engine;
}
