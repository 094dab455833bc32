// One HTML file that tells what a package does and how that is known: no script, nothing loaded from elsewhere.
import { renderDocument } from './document.js';
import { readEvidence } from './evidence.js';
import { html } from './html.js';
import { classes } from './sections/classes.js';
import { comparison } from './sections/comparison.js';
import { exits } from './sections/exits.js';
import { headline } from './sections/headline.js';
import { keyFigures } from './sections/key_figures.js';
import { limits } from './sections/limits.js';
import { method } from './sections/method.js';
import { network } from './sections/network.js';
import { places } from './sections/places.js';
import { reliability } from './sections/reliability.js';
import { terms } from './sections/terms.js';
import { tradeOff } from './sections/trade_off.js';

/**
 * The report of a package, from its manifest. Same manifest, same bytes.
 * Errors: `invalid_package` if the manifest holds no evidence.
 */
export async function renderReport(manifest: unknown): Promise<string> {
  const e = readEvidence(manifest);
  return renderDocument(`${e.name === null ? '' : `${e.name}: `}early-exit report`, html`<header>${headline(e)}${keyFigures(e)}</header>
<main>
${tradeOff(e)}
${exits(e)}
${network(e)}
${reliability(e)}
${places(e)}
${classes(e)}
${comparison(e)}
${method(e)}
${limits(e)}
${terms()}
</main>
<footer><p>Made by Offramp from the package's manifest.</p></footer>`);
}
