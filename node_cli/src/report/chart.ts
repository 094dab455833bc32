// Observable Plot without a browser. Charts are drawn twice, for wide and narrow screens, and CSS shows the one that fits,
// so that text keeps its size. Plot's own style elements are dropped: the page's strict CSP allows only style.ts.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Html, html } from './html.js';
import type { HtmlValue } from './html.js';

export const kWide = 940;
export const kNarrow = 340;

export function plotSvg(label: string, options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({ ...options, document: document as never, figure: false, ariaLabel: label } as Plot.PlotOptions);
  const element = svg as unknown as {
    outerHTML: string;
    querySelectorAll(selector: string): Iterable<{ remove(): void; removeAttribute(name: string): void }>;
    removeAttribute(name: string): void;
    setAttribute(name: string, value: string): void;
  };
  for (const style of element.querySelectorAll('style')) style.remove();
  for (const styled of element.querySelectorAll('[style]')) styled.removeAttribute('style');
  element.removeAttribute('style');
  element.setAttribute('class', 'plot');
  element.setAttribute('role', 'img');
  return new Html(element.outerHTML);
}

/** A figure whose drawing depends on the width at hand. */
export function chart(caption: HtmlValue, legend: HtmlValue, draw: (width: number) => Html): Html {
  return html`<figure>${legend}<div class="wide">${draw(kWide)}</div><div class="narrow">${draw(kNarrow)}</div>${
    caption ? html`<figcaption>${caption}</figcaption>` : ''
  }</figure>`;
}

export type Symbol = 'line' | 'dash' | 'dot' | 'ring' | 'square' | 'diamond' | 'cross' | 'triangle' | 'hollow_square' | 'hollow_diamond';

const kShapes: Record<Symbol, string> = {
  line: '<path d="M1 7H17" stroke-width="2.5"/>',
  dash: '<path d="M1 7H17" stroke-width="1.5" stroke-dasharray="4 3"/>',
  dot: '<circle cx="9" cy="7" r="4.5" class="solid"/>',
  ring: '<circle cx="9" cy="7" r="4.5" stroke-width="1.75"/>',
  square: '<rect x="5" y="3" width="8" height="8" class="solid"/>',
  diamond: '<path d="M9 1L14.5 7L9 13L3.5 7Z" class="solid"/>',
  cross: '<path d="M4.500 2.500L13.500 11.500M13.500 2.500L4.500 11.500" stroke-width="2.5"/>',
  triangle: '<path d="M9 2L14 11.500H4Z" stroke-width="1.75"/>',
  hollow_square: '<rect x="5" y="3" width="8" height="8" stroke-width="1.75"/>',
  hollow_diamond: '<path d="M9 1.5L14 7L9 12.5L4 7Z" stroke-width="1.75"/>',
};

/** `colour` is the name of one of style.ts's colours. */
export function legend(items: readonly (readonly [Symbol, string, HtmlValue])[]): Html {
  return html`<ul class="legend">${items.map(
    ([symbol, colour, text]) =>
      html`<li><svg class="key ${colour}" width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">${
        new Html(kShapes[symbol])
      }</svg><span>${text}</span></li>`,
  )}</ul>`;
}
