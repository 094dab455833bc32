// The table of commands: arguments, options, help texts.
import type { CommandSpec, OptionSpec } from './options.js';

const json: OptionSpec = { help: 'print one JSON object on standard output' };
const help: OptionSpec = { short: 'h', help: 'show this help' };
const backend: OptionSpec = { value: 'NAME', help: 'xnnpack (the default) or reference (slow and obvious, for checking)' };
const threads: OptionSpec = { value: 'N', help: 'threads that run the model, 1 to 64 (default 1); answers are the same' };
const variant: OptionSpec = { value: 'NAME', help: 'auto (the default: simd), simd or relaxed-simd (may round differently, not on every host)' };
const preprocess: OptionSpec = {
  value: 'STEPS', help: 'steps from samples to model inputs, a JSON list or a file that holds one; in place of what the data say',
};

const dataForms = `DATA is a dataset description (.json), .npz (arrays x, y and perhaps groups), the images file of an IDX pair
(train-images-idx3-ubyte.gz, its labels lie beside it), .csv (label in the column "label", else the last), or a folder of
class folders with pictures (PNG; other formats with the optional package sharp) or .wav sounds of one rate. Data without
preprocessing get what their shape suggests, and a remark says so.`;

export const commandSpecs: readonly CommandSpec[] = [
  {
    name: 'inspect', summary: 'show a model: inputs, operators, costs, places for exits', positionals: ['MODEL'], required: [],
    options: { json, help },
    details: 'Shows what an ONNX model takes, gives and costs, which operators it has, and where exits may stand.',
    examples: ['offramp inspect model.onnx', 'offramp inspect model.onnx --json'],
  },
  {
    name: 'augment', summary: 'add early exits to a model and write a package', positionals: ['MODEL'], required: ['data', 'output'],
    options: {
      data: { value: 'DATA', help: 'labelled samples that train the heads' },
      select: { value: 'DATA', help: 'rows that choose exits and thresholds; best ones the model was not trained on' },
      test: { value: 'DATA', help: 'rows that only the report is measured on' },
      output: { value: 'FILE', short: 'o', help: 'the package to write, such as model.offramp' },
      'max-drop': { value: 'PP', help: 'allowed loss in percentage points (default 1)' },
      'max-class-drop': { value: 'PP', help: 'allowed loss of each class, in percentage points of its own rows (default: no limit)' },
      'min-accuracy': { value: 'PERCENT', help: 'least accuracy; refused if neither a plan nor the model itself reaches it' },
      certify: { value: 'PP', help: 'certify that harm is at most PP percentage points; bounded by --max-drop if that is given' },
      confidence: { value: 'PERCENT', help: 'of the certificate (default 95)' },
      'certify-data': { value: 'DATA', help: 'rows for the certificate alone (default: half of the select rows)' },
      rule: { value: 'NAME', help: 'what is limited: harm (default: rows right without early exits, wrong with) or accuracy; or weighted' },
      'cost-weight': { value: 'W', help: "for --rule weighted: cost's weight against error's, 0 to 1 (default 0.9)" },
      'max-exits': { value: 'N', help: 'at most so many exits, 0 to 8 (default 2); exact up to 2' },
      method: { value: 'NAME', help: "joint (the default) or paper: the package gets the plan of the paper's own rule" },
      targets: { value: 'FILE|NAME', help: 'where stages may run: a targets.json (see docs/targets.md), or two-mcus, phone-edge-cloud or browser-fog' },
      cost: { value: 'NAME', help: 'what is saved: macs (the default), latency, energy or link_bytes, as the targets state it' },
      'max-latency': { value: 'MS', help: 'most that any sample may take by the targets\' figures, whatever exits do' },
      preprocess, epochs: { value: 'N', help: 'passes over augmented training rows per head (default 12 to 200, more for fewer rows)' },
      'class-weights': { value: 'NAME', help: 'none (the default) or balanced: rare classes weigh more while heads are trained' },
      'paper-cost-weight': { value: 'W', help: "what the paper's method weighs cost with, 0 to 1; accuracy has the rest (default 0.9)" },
      'paper-correction': { value: 'F', help: "factor on the paper's thresholds, 0.1 to 1, where sought on rows that the model was trained on (default 1)" },
      seed: { value: 'N', help: 'number that fixes every random choice (default 0)' },
      'train-rows': { value: 'N', help: 'use at most N training rows, drawn by the seed' },
      'select-rows': { value: 'N', help: 'use at most N select rows' },
      'test-rows': { value: 'N', help: 'use at most N test rows' },
      threads: { value: 'N', help: 'threads that run the model, 1 to 64 (default: one per core, at most 4); the plan is the same' },
      'extract-on': { value: 'URL', help: 'a server that runs the model on all rows: what export --as features writes' },
      'extract-model': { value: 'NAME', help: 'its name there (default: that of the export, after the model\'s file)' },
      fresh: { help: 'begin anew, whatever an interrupted run has kept' },
      backend, json, help,
    },
    details: `Trains small classifiers at places inside the model, chooses exits and thresholds so that the loss stays within
--max-drop, and writes a package that runs later parts of the model only for the samples that need them.

${dataForms}

With --certify, plans are tested from safe to bold on rows that nothing else was chosen on, and the last that passes is packaged:
with --confidence, its harm on inputs drawn like those rows is at most that. 1 at 95 % needs at least 299 rows. With too few the
package has the plan of the search, without a certificate, and a remark says so.

A link in targets.json may say "speed": "measured": then the way to the next target's url is measured first. OFFRAMP_TOKEN is sent there
as bearer token.

With --extract-on, any server of the Open Inference Protocol runs the model once on every row, many requests at a time, and one row of
each request is checked here. Heads are trained here, on views of the rows that are made here. The token is sent there too.

An interrupted run leaves FILE.progress beside the output. The same command goes on from there and comes to the same plan; the folder goes
when the package is written. What another model, other options or other rows have left is not used.

Without --test, half of --select is kept for the report; without both, --data is split.`,
    examples: [
      'offramp augment model.onnx --data train.json --select select.json --test test.json -o model.offramp',
      'offramp augment model.onnx --data train.json --select select.json --certify 1 --confidence 95 -o model.offramp',
      'offramp augment model.onnx --data samples.npz --max-drop 0.5 -o model.offramp --json > report.json',
      'offramp augment model.onnx --data train.npz --extract-on http://gpu:8000 -o model.offramp',
      'offramp augment model.onnx --data train.npz --targets phone-edge-cloud --cost latency --max-latency 100 -o model.offramp',
      'offramp augment model.onnx --data pictures/ --preprocess \'[{"op":"transpose","axes":[0,3,1,2]}]\' -o model.offramp',
    ],
  },
  {
    name: 'evaluate', summary: 'measure a model or a package on labelled samples', positionals: ['MODEL|PACKAGE'], required: ['data'],
    options: {
      data: { value: 'DATA', help: 'labelled samples' }, preprocess,
      stream: { value: 'RULE', help: 'a rule for records in order, difference or patience: consecutive windows may repeat an answer' },
      select: { value: 'DATA', help: 'records that choose the thresholds of --stream' },
      'max-drop': { value: 'PP', help: 'allowed harm of --stream in percentage points (default: what the package was made for, else 1)' },
      offload: { value: 'URL', help: 'a server for the stages that the package puts on other targets, else for all but the first' },
      encoding: { value: 'NAME', help: "f32, f16 or u8 for the boundary (default: the package's); without --offload rounded here" },
      'deadline-ms': { value: 'MS', help: 'with --offload: longest time to an answer, whatever the server does (default 10000)' },
      rows: { value: 'N', help: 'use at most N rows, drawn at random but the same ones every time' },
      threads, variant, backend, json, help,
    },
    details: `Runs every sample through the model, and through the package if it is one: accuracy, executed MACs and time, side by
side. A package (the zip, or the folder it was unpacked to) takes raw samples and brings its own preprocessing.

With --stream, a window that the first exit is not sure of repeats the answer of an earlier one of its record that looked the same to
it: within a distance (difference), or with the same class and no less sure by more than a limit (patience). Records are the data's
groups; their rows are in the order of the description's "order", else of the file.

With --offload, later stages run on a server of the Open Inference Protocol, such as offramp serve: accuracy and latency over the link,
beside those of one machine. With --encoding alone, only what the rounding does. OFFRAMP_TOKEN is sent as bearer token.

${dataForms}`,
    examples: ['offramp evaluate model.offramp --data test.json', 'offramp evaluate model.offramp --data test.json --offload http://fog:8700 --encoding u8',
      'offramp evaluate ecg.offramp --data test.json --stream difference --select calib.json',
      'offramp evaluate model.onnx --data t10k-images-idx3-ubyte.gz --json'],
  },
  {
    name: 'run', summary: 'classify one sample with a package', positionals: ['PACKAGE'], required: ['input'],
    options: {
      input: { value: 'FILE', help: 'a raw sample: .npy, a picture, or .json with nested lists of numbers' },
      row: { value: 'N', help: 'take row N (from 0) of a .npy file or list that holds many samples' },
      offload: { value: 'URL', help: 'a server for the stages that the package puts on other targets, else for all but the first' },
      'deadline-ms': { value: 'MS', help: 'with --offload: longest time to an answer, whatever the server does (default 10000)' },
      threads, variant, backend, json, help,
    },
    details: `Prints the class, its probability, the exit that answered and the MACs that were spent.

With --offload, later stages run on a server of the Open Inference Protocol, such as offramp serve, and the times and bytes of
each stage are told. If the server fails, the answer comes from here or from the last exit passed, and says so. The variable
OFFRAMP_TOKEN is sent as bearer token.`,
    examples: ['offramp run model.offramp --input digit.png', 'offramp run model.offramp --input digit.png --offload http://fog:8700',
      'offramp run model.offramp --input samples.npy --row 7 --json'],
  },
  {
    name: 'bench', summary: 'time a model or a package on this machine', positionals: ['MODEL|PACKAGE'], required: [],
    options: {
      runs: { value: 'N', help: 'timed runs (default: about three seconds of them, 10 to 1000)' },
      threads: { value: 'LIST', help: 'numbers of threads to time by turns, such as 1,2 (default 1)' },
      variant,
      profile: { help: 'the time of each node too, from runs of their own' },
      backend, json, help,
    },
    details: `Runs the model on made-up input until it is warm, then times whole calls: the input handed in, the output read. The first
result is what a fresh start takes, from the model's bytes to its first output. Of a package, every stage is timed.`,
    examples: ['offramp bench model.onnx --profile', 'offramp bench model.offramp --runs 500 --json'],
  },
  {
    name: 'export', summary: 'write a package, or a model\'s features, in a form that other runtimes or servers take', positionals: ['PACKAGE|MODEL'], required: ['as', 'output'],
    options: {
      as: { value: 'FORM', help: 'if-onnx, stages, oip or all-exits of a package; features of a model' },
      output: { value: 'PATH', short: 'o', help: 'the ONNX file to write (if-onnx, all-exits), or the folder to make (stages, oip, features)' },
      stages: { value: 'RANGE', help: 'of stages and oip: which stages, such as 1.. or 1..2 or 2 (default: all)' },
      json, help,
    },
    details: `if-onnx    one ONNX file that decides for itself: nested If nodes, later stages in the else branches, so any ONNX runtime skips them.
           For one sample at a time, since If takes one decision. It gives class, probabilities, exit (the number of the stage that
           answered) and score. Thresholds are inputs with defaults.
stages     a folder of the manifest and one ONNX file per stage; export.json says what each takes and gives.
oip        a model repository for Triton and OpenVINO Model Server, from which offramp run --offload takes the stages: stage_K, and
           stage_K_f16 or stage_K_u8 too where the package's link into stage K is of that encoding.
all-exits  one ONNX file that runs everything: logits_K of every exit, the last being the model's own. For any batch.
features   of a plain model: a repository as oip, with one model NAME_features that gives the features of every exit point and the
           logits, for offramp augment --extract-on.

Preprocessing is in none of them: they take what the package's steps make of a sample. Those steps are told in export.json, or in the
ONNX file's metadata (offramp.preprocess).`,
    examples: ['offramp export model.offramp --as if-onnx -o model.onnx', 'offramp export model.offramp --as oip --stages 1.. -o models',
      'offramp export model.onnx --as features -o models'],
  },
  {
    name: 'serve', summary: 'answer for a package\'s stages over HTTP', positionals: [], optional: ['PACKAGE'], required: [],
    options: {
      stages: { value: 'RANGE', help: 'stages that run here, such as 1.. or 1..2 or 2 (default: all)' },
      offload: { value: 'URL', help: 'a server for the stages behind those; without it, clients go there themselves' },
      upstream: { value: 'URL', help: 'in place of a PACKAGE: a gateway in front of another server of the protocol' },
      host: { value: 'NAME', help: 'address to listen at (default 127.0.0.1: this machine only)' },
      port: { value: 'N', help: 'port to listen at, 0 for any that is free (default 8700)' },
      workers: { value: 'N', help: 'workers that run stages, one core each (default 1)' },
      batch: { value: 'N', help: 'rows that run together at most (default 64)' },
      'batch-delay-ms': { value: 'MS', help: 'how long a request waits for others although a worker is free (default 0)' },
      queue: { value: 'N', help: 'rows that wait at most; what comes then is sent away with 503 (default 512)' },
      'deadline-ms': { value: 'MS', help: 'longest time from a request to its answer (default 10000)' },
      'max-body-mib': { value: 'N', help: 'largest request body (default 64)' },
      'allow-origin': { value: 'LIST', help: 'origins whose pages may ask, with commas, or *; pages of this machine always may' },
      'tls-cert': { value: 'FILE', help: 'certificate chain (PEM), for https' },
      'tls-key': { value: 'FILE', help: 'its private key (PEM)' },
      'grace-ms': { value: 'MS', help: 'how long requests under way may last when the server is asked to end (default 10000)' },
      'log-level': { value: 'NAME', help: 'debug, info (the default), warn, error or silent; logs are JSON lines on standard error' },
      backend, json, help,
    },
    details: `Serves the stages of a package by the Open Inference Protocol v2 with binary tensors: model stage_K takes a boundary tensor and
gives what stage K gives; from_K goes on from there to an answer, exits included. Names ending in _f16 and _u8 take the boundary
compressed. Health, metadata and inference are under /v2, figures for Prometheus under /metrics.

The variable OFFRAMP_TOKEN makes it demand that bearer token; OFFRAMP_UPSTREAM_TOKEN is what --offload and --upstream send.`,
    examples: ['offramp serve model.offramp --stages 1..', 'offramp serve model.offramp --stages 1..1 --offload http://cloud:8700',
      'offramp serve --upstream http://triton:8000 --allow-origin https://example.org'],
  },
  {
    name: 'report', summary: 'write a package\'s report as one HTML file', positionals: ['PACKAGE'], required: ['output'],
    options: { output: { value: 'FILE', short: 'o', help: 'the HTML file to write' }, json, help },
    details: 'Writes what the package says about itself - savings, accuracy, exits, evidence - as one self-contained page.',
    examples: ['offramp report model.offramp -o report.html'],
  },
];

export function generalHelp(): string {
  const width = Math.max(...commandSpecs.map((spec) => spec.name.length));
  return `offramp: turns a trained ONNX classifier into an early-exit network, and runs it

usage: offramp COMMAND ARGUMENTS

${commandSpecs.map((spec) => `  ${spec.name.padEnd(width)}  ${spec.summary}`).join('\n')}

Each command has --help and --json. Data go to standard output, progress to standard error.
Exit codes: 0 done, 1 internal error, 2 usage, 3 bad model or data, 4 constraint cannot be met, 5 remote stage, 130 cancelled.

example:
  offramp augment model.onnx --data train.json --select select.json --test test.json -o model.offramp
  offramp evaluate model.offramp --data test.json
`;
}

export function commandHelp(spec: CommandSpec): string {
  const lines = Object.entries(spec.options).map(([name, option]) => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `;
    return { flag: `${short}--${name}${option.value === undefined ? '' : ` ${option.value}`}`, text: option.help };
  });
  const width = Math.max(...lines.map(({ flag }) => flag.length));
  const required = spec.required.map((name) => ` ${spec.options[name]?.short ? `-${spec.options[name]?.short}` : `--${name}`} ${spec.options[name]?.value ?? ''}`);
  const optional = (spec.optional ?? []).map((name) => `[${name}]`);
  return `usage: offramp ${spec.name} ${[...spec.positionals, ...optional].join(' ')}${required.join('')} [options]

${spec.details}

options:
${lines.map(({ flag, text }) => `  ${flag.padEnd(width)}  ${text}`).join('\n')}

examples:
${spec.examples.map((example) => `  ${example}`).join('\n')}
`;
}
