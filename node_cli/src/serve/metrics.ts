// Counters and histograms in the text format of Prometheus.

type Labels = Readonly<Record<string, string>>;

interface Family {
  kind: 'counter' | 'gauge' | 'histogram';
  help: string;
  lines(name: string): string[];
}

const quoted = (value: string): string => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
const withLabels = (name: string, labels: Labels): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${quoted(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
};

export class Counter implements Family {
  readonly kind = 'counter';
  private readonly values = new Map<string, { labels: Labels; value: number }>();
  constructor(readonly help: string) {}

  add(labels: Labels, amount = 1): void {
    const key = JSON.stringify(labels);
    const known = this.values.get(key);
    if (known === undefined) this.values.set(key, { labels, value: amount });
    else known.value += amount;
  }
  lines(name: string): string[] {
    return [...this.values.values()].map(({ labels, value }) => `${withLabels(name, labels)} ${value}`);
  }
}

export class Gauge implements Family {
  readonly kind = 'gauge';
  constructor(readonly help: string, private readonly read: () => number) {}
  lines(name: string): string[] {
    return [`${name} ${this.read()}`];
  }
}

export class Histogram implements Family {
  readonly kind = 'histogram';
  private readonly counts: number[];
  private sum = 0;
  private total = 0;
  /** `bounds` rise. */
  constructor(readonly help: string, private readonly bounds: readonly number[]) {
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.sum += value;
    this.total += 1;
    const at = this.bounds.findIndex((bound) => value <= bound);
    if (at >= 0) this.counts[at] = (this.counts[at] as number) + 1;
  }
  lines(name: string): string[] {
    let below = 0;
    const buckets = this.bounds.map((bound, at) => `${name}_bucket{le="${bound}"} ${below += this.counts[at] as number}`);
    return [...buckets, `${name}_bucket{le="+Inf"} ${this.total}`, `${name}_sum ${this.sum}`, `${name}_count ${this.total}`];
  }
}

export class Metrics {
  readonly requests = new Counter('Requests by model and status.');
  readonly seconds = new Histogram('Time from a request to its answer.', [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);
  readonly batchRows = new Histogram('Rows that ran together.', [1, 2, 4, 8, 16, 32, 64]);
  readonly answers = new Counter('Rows answered, by exit.');
  readonly degraded = new Counter('Rows whose answer is degraded.');
  private readonly families: [string, Family][] = [
    ['offramp_requests_total', this.requests], ['offramp_request_seconds', this.seconds], ['offramp_batch_rows', this.batchRows],
    ['offramp_answers_total', this.answers], ['offramp_degraded_answers_total', this.degraded],
    ['process_resident_memory_bytes', new Gauge('Resident memory of the process.', () => process.memoryUsage.rss())],
  ];

  countAnswers(exits: Int32Array, degraded: number): void {
    for (const exit of exits) this.answers.add({ exit: String(exit) });
    if (degraded > 0) this.degraded.add({}, degraded);
  }

  gauge(name: string, help: string, read: () => number): void {
    this.families.push([name, new Gauge(help, read)]);
  }

  text(): string {
    return this.families.map(([name, family]) =>
      `# HELP ${name} ${family.help}\n# TYPE ${name} ${family.kind}\n${family.lines(name).map((line) => `${line}\n`).join('')}`).join('');
  }
}
