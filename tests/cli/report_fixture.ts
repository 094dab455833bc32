// A package's manifest as `offramp augment` writes it, for a made-up but plausible residual network. Only what the report
// reads is there. Every call gives the same manifest.

export type Json = { [key: string]: any };

export interface FixtureOptions {
  stages?: number;
  blocksPerStage?: number;
  classes?: number;
  exitBlocks?: number[]; // exits stand after these blocks
  labels?: string[];
}

const kKinds = ['linear_gap', 'linear_gap_gmp', 'mlp_gap_gmp', 'mlp_grid'];
const kLabels = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const kRows = { train: 8000, select: 4000, certify: 0, test: 6000 };

// Repeatable, without a clock: a small multiplicative generator.
function makeRandom(): () => number {
  let state = 12345;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function residualNetwork(stages: number, blocksPerStage: number) {
  const network: Json[] = [];
  const points: Json[] = [];
  let macs = 0;
  let parameters = 0;
  const add = (name: string, op: string, cost: number, shape: unknown[], inputs: number[]): number => {
    macs += cost;
    parameters += cost > 0 ? Math.round(cost / 256) : 0;
    return network.push({ name, op, macs: cost, shape: ['N', ...shape], inputs }) - 1;
  };
  const point = (at: string, shape: number[]): number => points.push({ at, shape, macs, parameters });
  let last = add('stem/Conv', 'Conv', 442368, [16, 32, 32], []);
  last = add('stem/Relu', 'Relu', 0, [16, 32, 32], [last]);
  point('stem/Relu', [16, 32, 32]);
  for (let stage = 0; stage < stages; ++stage) {
    const channels = 16 << stage;
    const size = 32 >> stage;
    for (let b = 0; b < blocksPerStage; ++b) {
      const name = `layer${stage + 1}.${b}`;
      const shape = [channels, size, size];
      const cost = 9 * channels * channels * size * size;
      const shortcut = stage > 0 && b === 0 ? add(`${name}/shortcut/Conv`, 'Conv', cost / 18, shape, [last]) : last;
      const a = add(`${name}/conv1/Conv`, 'Conv', stage > 0 && b === 0 ? cost / 2 : cost, shape, [last]);
      const relu = add(`${name}/Relu`, 'Relu', 0, shape, [a]);
      const c = add(`${name}/conv2/Conv`, 'Conv', cost, shape, [relu]);
      const sum = add(`${name}/Add`, 'Add', 0, shape, [c, shortcut]);
      last = add(`${name}/Relu_1`, 'Relu', 0, shape, [sum]);
      point(`${name}/Relu_1`, shape);
    }
  }
  last = add('GlobalAveragePool', 'GlobalAveragePool', 0, [64, 1, 1], [last]);
  last = add('Flatten', 'Flatten', 0, [64], [last]);
  add('fc/Gemm', 'Gemm', 640, [10], [last]);
  return { network, points, macs, parameters };
}

const interval = (p: number, n: number): number[] => [p - 1.96 * Math.sqrt((p * (1 - p)) / n), p + 1.96 * Math.sqrt((p * (1 - p)) / n)];

function bins(temperature: number, bias: number, random: () => number): Json {
  const all = Array.from({ length: 10 }, (_, i) => {
    const confidence = (i + 0.5) / 10;
    const rows = i < 1 ? 0 : Math.round(8.7 * (4 + 6 * i ** 1.4));
    const accuracy = Math.min(0.995, Math.max(0.02, confidence - bias * Math.sin(Math.PI * confidence) + 0.03 * (random() - 0.5)));
    return { confidence: rows ? confidence : 0, accuracy: rows ? accuracy : 0, rows };
  });
  return { temperature, expected_error: Math.abs(bias) * 0.6, bins: all };
}

export function makeManifest(options: FixtureOptions = {}): Json {
  const random = makeRandom();
  const { network, points, macs, parameters } = residualNetwork(options.stages ?? 3, options.blocksPerStage ?? 9);
  const classes = options.classes ?? 10;
  const exitBlocks = options.exitBlocks ?? [9, 14];
  const base = 0.9312;
  points.forEach((p, i) => {
    const depth = i / (points.length - 1);
    p.screen_select_accuracy = 0.36 + 0.55 * depth ** 0.8 + 0.015 * (random() - 0.5);
    const promising = i % 3 === 0 || exitBlocks.includes(i);
    p.heads = promising
      ? kKinds.map((head, k) => ({
          head, macs: 640 * (k + 1) ** 2, parameters: 650 * (k + 1) ** 2,
          select_accuracy: Math.min(0.935, p.screen_select_accuracy + (0.03 + 0.03 * k) * (1 - depth) + 0.004),
        }))
      : [];
  });
  const exits = exitBlocks.map((block, i) => ({
    at: points[block]!.at, head: kKinds[3 - (i % 2)], score: i ? 'margin' : 'max_probability', threshold: 0.913 - 0.08 * i,
    temperature: 1.42 - 0.2 * i, exit_rate: 0.346 - 0.1 * i, accuracy: 0.978 - 0.012 * i, macs: points[block]!.macs + 10240 * (i + 1),
  }));
  const early = exits.reduce((sum, exit) => sum + exit.exit_rate, 0);
  const meanMacs = exits.reduce((sum, exit) => sum + exit.exit_rate * exit.macs, 0) + (1 - early) * (macs + 10240 * exits.length);
  const idle = exits.length === 0;
  const plan = makePlan(base, idle ? base : base - 0.0058, meanMacs, macs, exits, classes, idle ? 0 : 0.83, random);
  Object.assign(plan, { mean_latency_ns: idle ? 6.31e6 : 4.02e6, median_latency_ns: idle ? 6.2e6 : 3.9e6, latency_samples: 400 });
  const paperExits = exitBlocks.map((block, i) => ({ ...exits[i], at: points[Math.max(0, block - 3)]!.at, head: 'linear_gap', score: 'max_probability', threshold: 0.6, temperature: 1, macs: points[Math.max(0, block - 3)]!.macs + 650 }));
  const paper = makePlan(base, base - 0.0923, meanMacs * 0.83, macs, paperExits, classes, 10.4, random);
  paper['predicted'] = { accuracy: base - 0.0391, mean_macs: meanMacs * 0.74, mean_macs_change_pct: 100 * ((meanMacs * 0.74) / macs - 1) };
  const pareto = Array.from({ length: 40 }, (_, i) => {
    const share = 1 - 0.019 * i;
    const loss = 0.0004 * (i / 8) ** 3.6 + 0.002 * (random() - 0.5);
    return {
      accuracy: base - (i ? loss : 0), mean_macs: macs * share, harm_pp: i ? 100 * (Math.abs(loss) + 0.001) : 0, select_accuracy: base - loss / 2,
      select_mean_macs: macs * share * 0.99, select_harm_pp: i ? 50 * Math.abs(loss) : 0, exits: i ? exits.map((exit) => exit.at) : [],
    };
  });
  const evidence = {
    base: { accuracy: base, accuracy_95: interval(base, kRows.test), macro_f1: 0.9309, macs, parameters, mean_latency_ns: 6.31e6, median_latency_ns: 6.2e6 },
    plan,
    paper_method: paper,
    pareto,
    search: {
      exit_points: points.length, candidates: 96, plans_looked_at: 37250048, rule: 'harm', max_drop_pp: 1, allowance_pp: 0.21, select_harm_pp: 0.74,
      seconds: { extract: 81.4, train: 204.9, search: 3.27 },
    },
    rows: { ...kRows },
    evidence: {
      packaged: 'plan',
      exit_points: points,
      reliability: exits.map((exit) => ({ at: exit.at, head: exit.head, before: bins(1, 0.14, random), after: bins(exit.temperature, 0.02, random) })),
      network,
    },
  };
  return {
    offramp_package: 1,
    producer: { name: 'offramp', version: '0.1.0' },
    model: { input: { name: 'x', dtype: 'f32', shape: [3, 32, 32] }, classes, labels: options.labels ?? (classes === 10 ? kLabels : []) },
    evidence,
  };
}

function makePlan(base: number, accuracy: number, meanMacs: number, macs: number, exits: Json[], classes: number, harm: number, random: () => number): Json {
  const drop = 100 * (accuracy - base);
  return {
    exits, accuracy, accuracy_95: interval(accuracy, kRows.test), accuracy_change_pp: drop, harm_pp: harm, macro_f1: accuracy,
    macro_f1_change_pp: drop * 1.04, class_recall_change_pp: Array.from({ length: classes }, (_, c) => drop * (1 + 4 * (random() - 0.5) + (c === 3 ? 2 : 0))),
    base_exit_rate: 1 - exits.reduce((sum, exit) => sum + exit['exit_rate'], 0), mean_macs: meanMacs, mean_macs_change_pct: 100 * (meanMacs / macs - 1),
    mean_latency_ns: null, mapping: [{ target: 'local', from: 0, to: exits.length + 1 }], certificate: null,
  };
}
