// The report's words, for readers who meet them first here.
import { html, type Html } from '../html.js';

const kTerms: [string, string][] = [
  ['Backbone', 'The model as you gave it. It is unchanged: exits are added beside it.'],
  ['Exit', 'A place inside the backbone where an input may be answered already. What follows is then skipped.'],
  ['Head', 'The small classifier at an exit that reads what the backbone has computed so far and answers.'],
  ['Score', 'How sure a head is, from 0 to 1, taken from its class probabilities.'],
  ['Threshold', 'The score an exit must reach to answer. Higher: fewer inputs leave here, and fewer of them wrongly.'],
  ['Temperature', "One number that a head's outputs are divided by so that its confidences come true. Above 1 makes it humbler."],
  ['Harm', 'Share of inputs that the backbone gets right and the early answer gets wrong. Lucky corrections do not offset it.'],
  ['pp', 'Percentage points: from 90\u00a0% to 89\u00a0% is −1\u00a0pp.'],
  ['MAC', 'Multiply-accumulate, the step that neural networks consist of. k, M and G stand for thousands, millions and billions.'],
  ['Plan', 'A choice of exits, heads, scores and thresholds.'],
  ['Front', 'The plans that no other plan beats in both accuracy and compute.'],
];

export const terms = (): Html =>
  html`<section id="terms"><h2>Words used here</h2><dl class="facts">${kTerms.map(([word, meaning]) => html`<dt>${word}</dt><dd>${meaning}</dd>`)}</dl></section>`;
