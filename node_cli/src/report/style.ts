// The report's only style sheet. Colours are Okabe and Ito's, which stay apart for colour-blind readers; the dark theme
// lightens them. Nothing else carries style: the page's policy allows this sheet alone, by its hash.

const kLight = `
  --page: #ffffff; --panel: #f6f7f9; --line: #d9dde3; --text: #16191d; --soft: #59626e; --grid: #e4e7ec;
  --ours: #0072b2; --paper: #d55e00; --base: #4a5058; --good: #007a5a; --warn: #b34700; --warn-page: #fff4e8;
  --exit0: #0072b2; --exit1: #009e73; --exit2: #e69f00; --exit3: #cc79a7; --own: #9aa3ae;
  --head0: #0072b2; --head1: #009e73; --head2: #e69f00; --head3: #cc79a7; --head4: #d55e00; --screen: #7b8591;
  --heat: #0072b2;`;

const kDark = `
  --page: #14171b; --panel: #1d2126; --line: #363c45; --text: #e9ecf0; --soft: #a4adb9; --grid: #2b3038;
  --ours: #56b4e9; --paper: #f28c4b; --base: #c3cad3; --good: #3fc79a; --warn: #ffb066; --warn-page: #33261a;
  --exit0: #56b4e9; --exit1: #2fbf94; --exit2: #f0b73f; --exit3: #dd9fc2; --own: #77818d;
  --head0: #56b4e9; --head1: #2fbf94; --head2: #f0b73f; --head3: #dd9fc2; --head4: #f28c4b; --screen: #98a2ae;
  --heat: #56b4e9;`;

const kColours = ['ours', 'paper', 'base', 'soft', 'good', 'warn', 'own', 'screen', 'exit0', 'exit1', 'exit2', 'exit3',
  'head0', 'head1', 'head2', 'head3', 'head4'];

const kRules = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI",
  Roboto, "Noto Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: break-word; }
main, header, footer { max-width: 1080px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 40px; }
footer { padding-bottom: 56px; color: var(--soft); font-size: 14px; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 15px; font-weight: 600; color: var(--soft); margin: 0 0 12px; }
h2 { font-size: 22px; margin: 0 0 8px; }
h3 { font-size: 16px; margin: 24px 0 4px; }
p { margin: 0 0 12px; max-width: 72ch; }
.lead { font-size: clamp(22px, 3.2vw, 32px); line-height: 1.3; font-weight: 600; max-width: 30em; margin: 0 0 12px;
  text-wrap: pretty; letter-spacing: -0.01em; }
.lead em { font-style: normal; color: var(--ours); }
.soft { color: var(--soft); }
section { margin-top: 56px; }
.tiles { display: grid; grid-template-columns: repeat(5, 1fr); gap: 12px; margin-top: 28px; }
.tile { background: var(--panel); border-radius: 10px; padding: 14px 16px; }
.tile dt { font-size: 14px; color: var(--soft); }
.tile dd { margin: 0; }
.tile .value { font-size: 26px; font-weight: 650; line-height: 1.3; letter-spacing: -0.01em; }
.tile .note { font-size: 14px; color: var(--soft); line-height: 1.4; }
.callout { border-left: 4px solid var(--warn); background: var(--warn-page); padding: 10px 16px; border-radius: 0 8px 8px 0;
  margin: 16px 0; max-width: 76ch; }
.callout p { margin: 0; }
figure { margin: 16px 0; }
figcaption { font-size: 14px; color: var(--soft); max-width: 80ch; margin-top: 4px; }
.plot, .drawing { display: block; max-width: 100%; height: auto; overflow: visible; font: 12px system-ui, -apple-system,
  "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; color: var(--soft); font-variant-numeric: tabular-nums; }
.narrow { display: none; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 8px 0; font-size: 14px; }
.legend li { display: flex; align-items: baseline; gap: 6px; }
.key { flex: none; position: relative; top: 2px; fill: none; stroke: currentColor; }
.key .solid { fill: currentColor; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 8px 32px; }
.panels figure { margin: 8px 0; max-width: 360px; }
.scroll { overflow-x: auto; max-width: 100%; background:
  linear-gradient(to right, var(--page) 30%, transparent) left / 40px 100% no-repeat local,
  linear-gradient(to left, var(--page) 30%, transparent) right / 40px 100% no-repeat local,
  linear-gradient(to right, var(--line), transparent) left / 10px 100% no-repeat scroll,
  linear-gradient(to left, var(--line), transparent) right / 10px 100% no-repeat scroll; }
table { border-collapse: collapse; font-size: 15px; margin: 12px 0; }
th, td { padding: 6px 20px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: 14px; color: var(--soft); vertical-align: bottom; }
tbody th { font-weight: 500; font-size: 15px; color: var(--text); vertical-align: top; }
.number { text-align: right; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
tr.chosen td, tr.chosen th { font-weight: 650; }
tr.own td, tr.own th { color: var(--soft); }
td svg { display: block; }
td.name, td .name { white-space: nowrap; }
.middle { text-align: center; }
.centred td { vertical-align: middle; }
h3 .name { font-weight: 400; }
code, .name { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; font-size: 0.88em;
  overflow-wrap: anywhere; }
details { margin: 12px 0; }
summary { cursor: pointer; color: var(--ours); font-size: 15px; padding: 4px 0; }
summary:focus-visible { outline: 2px solid var(--ours); outline-offset: 2px; border-radius: 4px; }
.facts { display: grid; grid-template-columns: minmax(140px, max-content) 1fr; gap: 6px 24px; margin: 12px 0; max-width: 84ch; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }
.limits { max-width: 76ch; padding-left: 20px; }
.limits li { margin-bottom: 8px; }
.tall { max-height: 560px; overflow: auto; border: 1px solid var(--line); border-radius: 8px; padding: 8px; }
.tall .drawing { max-width: none; margin: 0 auto; }
.drawing text { fill: var(--text); }
.drawing text.soft { fill: var(--soft); }
.drawing .small { font-size: 11px; }
.drawing .strong { font-weight: 650; }
.drawing .box { fill: var(--panel); stroke: var(--line); }
.drawing .flow { fill: none; stroke: var(--own); stroke-linecap: butt; }
.drawing .heat { fill: var(--heat); }
.drawing .track { fill: var(--line); }
.drawing .answer { fill: var(--page); stroke-width: 2; }
${kColours.map((c) => `.${c} { color: var(--${c}); }\n.stroke-${c} { stroke: var(--${c}) !important; }\n.fill-${c} { fill: var(--${c}) !important; }`).join('\n')}
@media (max-width: 760px) {
  main, header, footer { padding-left: 16px; padding-right: 16px; }
  header { padding-top: 24px; }
  section { margin-top: 44px; }
  .wide { display: none; }
  .narrow { display: block; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
  .tile { padding: 12px; }
  .tile:last-child { grid-column: 1 / -1; }
  .flat td { white-space: nowrap; }
  .tile .value { font-size: 22px; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 10px; }
  th, td { padding-right: 14px; }
  .compact { font-size: 13px; }
  .compact th, .compact td { padding-right: 9px; font-size: 13px; }
  .compact .number, .compact .name { white-space: normal; }
  .panels { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  body { font-size: 11pt; }
  main, header, footer { max-width: none; padding: 0; }
  section { margin-top: 28pt; }
  figure, .tiles, .tile, table, .callout, .facts { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  details:not([open]) { display: none; }
  .wide { display: block; }
  .narrow { display: none; }
  .tall { max-height: none; overflow: visible; }
  .scroll { overflow: visible; background: none; }
  table { font-size: 9pt; }
  th, td, tbody th, .name { font-size: 9pt; padding-right: 8px; }
  td.name, td .name { white-space: normal; }
  .tile .value { font-size: 16pt; }
  .tile, .drawing { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}`;

export const kStyle = `:root { color-scheme: light dark; ${kLight} }
@media screen and (prefers-color-scheme: dark) { :root { ${kDark} } }
${kRules}`;

/** SHA-256 of kStyle in base64, for the page's policy. It is written here, and checked by a test, because hosts differ in how they hash. */
export const kStyleHash = 'MN1+vAuMolEfkZJUenCjo3ApEvwe1+/DgCLfK+MvHD0=';
