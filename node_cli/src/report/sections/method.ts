// How the figures came about: rows, rule, allowance, seed, times.
import type { Evidence } from '../evidence.js';
import { count, integer, latency, plainPoints, plural, points, seconds } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';

export function method(e: Evidence): Html {
  const facts: [string, HtmlValue][] = [
    ['Rows', rows(e)],
    ['Rule', rule(e)],
    ['Looked at', lookedAt(e)],
    ['Latency', latencyFact(e)],
    ['Runs on', mapping(e)],
    ['Seed', e.search.seed === null ? null : integer(e.search.seed)],
    ['Time taken', times(e)],
    ['Intervals', `Accuracy: Wilson. Change of accuracy: Bonett and Price, which compares the same rows before and after. Both 95 %.`],
    ['Counted compute', `Multiply-accumulates of convolutions and matrix products, ${count(e.base.macs)} for the whole backbone${
      e.base.parameters === null ? '' : ` (${count(e.base.parameters)} parameters)`
    }; heads count in full.`],
  ];
  return html`<section id="method"><h2>How this was measured</h2><dl class="facts">${facts
    .filter(([, fact]) => fact !== null)
    .map(([name, fact]) => html`<dt>${name}</dt><dd>${fact}</dd>`)}</dl></section>`;
}

function rows(e: Evidence): HtmlValue {
  const { train, select, certify, test } = e.rows;
  if (train === null && select === null && test === null) return 'not recorded';
  const parts: string[] = [];
  if (train !== null) parts.push(`${integer(train)} to train heads`);
  if (select !== null) parts.push(`${integer(select)} to choose heads, exits and thresholds`);
  if (certify !== null && certify > 0) parts.push(`${integer(certify)} to certify`);
  if (test !== null) parts.push(`${integer(test)} to test: all accuracies here are theirs unless a figure says otherwise`);
  return parts.join('; ');
}

function rule(e: Evidence): HtmlValue {
  const { rule: name, maxDropPp, allowancePp, selectHarmPp } = e.search;
  if (name === 'picked') return 'Picked by hand among the plans of the line above, whatever the limit says.';
  if (name === null && maxDropPp === null) return 'not recorded';
  const limit = maxDropPp === null ? 'the limit' : plainPoints(maxDropPp);
  const what =
    name === 'accuracy'
      ? `Least mean compute whose accuracy stays within ${limit} of the backbone's`
      : name === 'weighted'
        ? 'Least weighted sum of mean compute and error'
        : name === 'harm' || name === null
          ? `Least mean compute whose harm stays within ${limit}`
          : `${name}, limit ${limit}`;
  const allowance =
    allowancePp === null || allowancePp === 0
      ? ''
      : `, after adding an allowance of ${points(allowancePp)} for having looked at many plans`;
  const harm = selectHarmPp === null ? '' : ` Offramp's choice had ${points(selectHarmPp)} harm there.`;
  return `${what} on the rows to choose on${allowance}. Near-ties go to the plan with fewer exits.${harm}`;
}

function lookedAt(e: Evidence): HtmlValue {
  const parts: string[] = [];
  if (e.search.exitPoints !== null) parts.push(plural(e.search.exitPoints, 'place for an exit', 'places for exits'));
  if (e.search.candidates !== null) parts.push(plural(e.search.candidates, 'candidate exit (place, head and score)', 'candidate exits (place, head and score)'));
  if (e.search.plansLookedAt !== null) parts.push(plural(e.search.plansLookedAt, 'plan'));
  return parts.length === 0 ? null : parts.join(', ');
}

function latencyFact(e: Evidence): HtmlValue {
  const { meanLatencyNs, medianLatencyNs, latencySamples } = e.plan;
  if (meanLatencyNs === null) return 'not measured';
  const median = medianLatencyNs === null ? '' : ` (median ${latency(medianLatencyNs)}${e.base.medianLatencyNs === null ? '' : `; backbone's ${latency(e.base.medianLatencyNs)}`})`;
  const samples = latencySamples === null ? '' : ` over ${plural(latencySamples, 'input')}`;
  return `Mean wall-clock time of one answer${samples}, backbone and package in turn, on the machine that made the package${median}. Another machine gives other times.`;
}

function mapping(e: Evidence): HtmlValue {
  if (e.plan.mapping.length === 0) return null;
  return e.plan.mapping.map((m, i) => {
    // Stages [from, to), counted from 1 for people.
    const stages =
      m.from === null || m.to === null ? 'stages not recorded' : m.to === m.from ? 'no stage' : m.to - m.from === 1 ? `stage ${m.to}` : `stages ${m.from + 1} to ${m.to}`;
    return html`${i === 0 ? '' : '; '}${m.target}: ${stages}`;
  });
}

function times(e: Evidence): HtmlValue {
  const names: Record<string, string> = { extract: 'running the backbone on all rows', train: 'training heads', search: 'search' };
  if (e.search.seconds.length === 0) return 'not recorded';
  return e.search.seconds.map(([phase, s]) => `${Object.hasOwn(names, phase) ? names[phase] : phase} ${seconds(s)}`).join(', ');
}
