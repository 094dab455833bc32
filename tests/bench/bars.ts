// Grouped bars over one axis, drawn as SVG: a group per model, a bar per engine.
import { fixed } from 'offramp/report/format';
import { html, type Html, type HtmlValue } from 'offramp/report/html';
import type { EngineChoice } from './engines/engine.js';
import type { Spread } from './statistics.js';

export interface Bar {
  label: string;
  engine: EngineChoice['engine'];
  /** Against the base, which has 1. */
  speed: Spread;
  /** Beside the bar. */
  text: string;
  /** What sets it apart from another bar of the same engine. */
  note?: string;
}

export interface BarGroup {
  title: string;
  bars: Bar[];
}

/** Of style.ts. */
export const engineColours: Record<EngineChoice['engine'], string> = { offramp: 'ours', bare: 'own', tfjs: 'exit1', 'onnxruntime-web': 'paper' };

const barHeight = 15;
const barGap = 3;
const groupGap = 14;
const axisHeight = 24;
const textRoom = 92;
const noteRoom = 84;

export function drawBars(groups: readonly BarGroup[], label: string, width: number): Html {
  const narrow = width < 600;
  const left = narrow ? 0 : 210;
  const titleHeight = narrow ? 18 : 0;
  const most = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ speed }) => speed.p90)));
  const noted = groups.some(({ bars }) => bars.some(({ note }) => note !== undefined));
  const scale = (width - left - textRoom - (noted ? noteRoom : 0)) / most;
  const pieces: HtmlValue[] = [];
  let y = axisHeight;
  for (const { title, bars } of groups) {
    pieces.push(narrow
      ? html`<text class="strong" x="0" y="${y + 12}">${title}</text>`
      : html`<text class="strong" x="${left - 12}" y="${y + (bars.length * (barHeight + barGap)) / 2 + 3}" text-anchor="end">${title}</text>`);
    y += titleHeight;
    for (const bar of bars) {
      pieces.push(drawBar(bar, left, y, scale));
      y += barHeight + barGap;
    }
    y += groupGap;
  }
  const height = y - groupGap + 4;
  const step = most > 8 ? 2 : most > 3 ? 1 : 0.5;
  const ticks = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
  const grid = ticks.map((tick) => html`<line x1="${px(left + tick * scale)}" x2="${px(left + tick * scale)}" y1="${axisHeight - 6}" y2="${height}" stroke="${tick === 1 ? 'var(--soft)' : 'var(--grid)'}"/>
<text class="soft" x="${px(left + tick * scale)}" y="12" text-anchor="${tick === 0 ? 'start' : 'middle'}">${fixed(tick, step < 1 ? 1 : 0)}×</text>`);
  return html`<svg class="drawing" role="img" aria-label="${label}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${grid}${pieces}</svg>`;
}

function drawBar({ label, engine, speed, text, note }: Bar, left: number, y: number, scale: number): Html {
  const middle = y + barHeight / 2;
  const end = left + speed.median * scale;
  const [low, high] = [left + speed.p10 * scale, left + speed.p90 * scale];
  return html`<g><title>${label}: ${fixed(speed.median, 2)} times, ${text}</title><rect class="fill-${engineColours[engine]}" x="${left}" y="${y}" width="${px(end - left)}" height="${barHeight}"/>
<line class="stroke-base" x1="${px(low)}" x2="${px(high)}" y1="${middle}" y2="${middle}" stroke-width="1.5"/>
<text class="small" x="${px(Math.max(end, high) + 6)}" y="${middle + 4}">${text}, ${fixed(speed.median, 2)}×${note === undefined ? '' : `, ${note}`}</text></g>`;
}

const px = (value: number): string => value.toFixed(1);
