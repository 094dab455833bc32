// A finished search that is kept, for other plans from the same heads.
import type { AugmentData, AugmentHost, AugmentOptions, AugmentOutcome, PlanOptions } from './augment.js';
import { addAllRows } from './augment_rows.js';
import { checkData, phases, runSteps } from './augment_steps.js';
import { remarkOnBase, remarkOnClassLimit, remarkOnPlaces, remarkOnRows } from './data/remarks.js';
import { oneThread, type Augmenter, type Engine } from './engine.js';
import { OfframpError, throwIfAborted } from './errors.js';
import { measureLatency, type LatencyKeys } from './evaluate.js';
import { isJsonObject, type Json, type JsonObject } from './json.js';
import { ProgressKeeper } from './kept_progress.js';
import { FeatureServer } from './offload/feature_server.js';
import { measureLink, type LinkFigures } from './offload/link_speed.js';
import { withMeasuredLinks } from './offload/measured_links.js';
import { ProgressEstimator } from './progress.js';
import type { PackageFile } from './raw_module.js';
import type { AugmentReport, MeasuredLink } from './reports.js';
import { measureSpeed, measureStages } from './speed.js';

const latencyEffort = { most: 200, least: 10, milliseconds: 20_000 };

/**
 * Features and training, which take nearly all the time, are done once and counted in every report. It holds the module's memory for
 * them until dispose(). One call at a time.
 */
export class Augmentation {
  private first: AugmentOutcome | undefined;
  private readonly seconds = { extract: 0, train: 0, search: 0 };
  private readonly progress = new ProgressEstimator(phases, () => performance.now() / 1000);
  private readonly remarks: string[];
  private links: MeasuredLink[] = [];
  private readonly report = (phase: string, done: number, total: number): void => this.host.onProgress?.(this.progress.update(phase, done, total));

  private constructor(
    private readonly engine: Engine, private readonly augmenter: Augmenter, private readonly data: AugmentData, private readonly options: AugmentOptions,
    private readonly speed: number | undefined, private host: AugmentHost, private readonly knownLinks: KnownLinks,
  ) {
    this.remarks = [...(data.said ?? [])];
  }

  /** Errors: as the core's augmenter, naming the data; cancelled as soon as the piece at work is done. */
  static async run(engine: Engine, model: Uint8Array, data: AugmentData, options: AugmentOptions, host: AugmentHost = {}): Promise<Augmentation> {
    checkData(data, host.classes);
    const onRows = [...remarkOnRows(data, options.labels), ...(options.maxClassDropPp === undefined ? [] : remarkOnClassLimit(options.maxClassDropPp, data, options.labels))];
    for (const text of onRows) host.onRemark?.(text);
    throwIfAborted(host.signal);
    const keeper = host.kept && await ProgressKeeper.open(host.kept);
    const knownLinks = keeper?.links ?? new Map();
    const placed = await placePlan(options, knownLinks, host);
    const server = host.extractOn && await FeatureServer.open(host.extractOn, host.signal);
    const speed = isMapped(options) ? await oneThread(engine, () => measureSpeed(engine, model, options.backend ?? 'xnnpack', host.signal)) : undefined;
    const augmentation = new Augmentation(engine, engine.createAugmenter(model, coreOptions(placed.options, speed)), data, options, speed, host, knownLinks);
    host.onModelRead?.();
    augmentation.remarks.push(...onRows, ...(server === undefined ? [] : [`features were extracted on ${server.url} (model ${server.model})`]));
    augmentation.links = placed.links;
    try {
      await augmentation.search(keeper, server);
      return augmentation;
    } catch (thrown) {
      augmentation.dispose();
      throw thrown;
    }
  }

  /** Of the plan that the options ask for. */
  get outcome(): AugmentOutcome {
    return this.first as AugmentOutcome; // run() has it before anybody has this
  }

  /** Another search for exits. Errors: as the core's augmenter; cancelled. */
  async replan(plan: PlanOptions, host: AugmentHost = this.host): Promise<AugmentOutcome> {
    this.host = host;
    const placed = await placePlan({ ...this.options, ...plan }, this.knownLinks, host);
    this.augmenter.replan(coreOptions(placed.options, this.speed));
    this.links = placed.links;
    await this.goOn('search');
    return this.measure();
  }

  /**
   * What plan number `plan` of the report's `pareto` does, but for times, which are null; replan() and pick() begin from there as well.
   * Errors: invalid_argument; infeasible if it cannot be mapped within the targets' limits; cancelled.
   */
  async look(plan: number, host: AugmentHost = this.host): Promise<AugmentReport> {
    this.host = host;
    this.augmenter.pick(plan);
    await this.goOn('search');
    return withEvidence(this.augmenter.result(), { ...this.hostKeys(), search: { seconds: { ...this.seconds } } });
  }

  /** The package of the plan last looked at, without measured times. */
  unmeasured(): PackageFile[] {
    return this.augmenter.package({});
  }

  /** As look(), measured and packaged. */
  async pick(plan: number, host: AugmentHost = this.host): Promise<AugmentOutcome> {
    await this.look(plan, host);
    return this.measure();
  }

  dispose(): void {
    this.augmenter.dispose();
  }

  /** Of reports and evidence. */
  private hostKeys(): JsonObject {
    return { remarks: [...this.remarks], ...(this.links.length === 0 ? {} : { measured_links: this.links.map((link) => ({ ...link })) }) };
  }

  private async search(keeper: ProgressKeeper | undefined, server: FeatureServer | undefined): Promise<void> {
    const { augmenter, host } = this;
    try {
      this.seconds.extract = await addAllRows(augmenter, this.data, server, this.report, keeper, host.signal) + (keeper?.before.extract ?? 0);
      const resumed = await keeper?.takeSearch(augmenter);
      if (resumed !== undefined) this.progress.skipTo(resumed.phase, resumed.done, resumed.total);
      const train = await this.goOn(resumed?.phase ?? 'screen', keeper);
      this.seconds.train = train + (keeper?.before.train ?? 0);
      this.first = await this.measure((report) => [...remarkOnPlaces(report), ...remarkOnBase(report.base.accuracy, this.data.test, this.options.labels)]);
    } catch (thrown) {
      const goesOn = host.signal?.aborted === true || (thrown instanceof OfframpError && thrown.code === 'remote');
      if (goesOn) await keeper?.keep(augmenter);
      throw thrown;
    }
  }

  /** To the end; seconds of training. */
  private async goOn(phase: string, keeper?: ProgressKeeper): Promise<number> {
    const { train, search } = await runSteps(this.augmenter, phase, this.report, keeper, this.host);
    this.seconds.search = search;
    return train;
  }

  private async measure(furtherRemarks: (report: AugmentReport) => string[] = () => []): Promise<AugmentOutcome> {
    const { engine, augmenter, data, host, options } = this;
    const backend = options.backend ?? 'xnnpack';
    const files = augmenter.package({});
    const { latency, stages } = await oneThread(engine, async () => ({
      latency: await measureLatency(engine, files, data.test, backend, latencyEffort, (done, total) => this.report('measure', done, total), host.signal),
      stages: isMapped(options) ? await measureStages(engine, files, backend, host.signal) : undefined,
    }));
    const result = augmenter.result();
    const told = result as unknown as AugmentReport;
    for (const text of [...furtherRemarks(told), ...remarkOnCertificate(told)]) {
      this.remarks.push(text);
      host.onRemark?.(text);
    }
    const measured = { ...measuredEvidence(result, { ...this.seconds }, latency, stages), ...this.hostKeys() };
    // The stages are in memory, and a large model's are not to be there twice.
    const manifest = augmenter.manifest(measured);
    return { report: withEvidence(result, measured), files: files.map((file) => (file.name === manifest.name ? manifest : file)) };
  }
}

/** By url. */
type KnownLinks = Map<string, LinkFigures>;

/** With figures for the links that are to be measured, each once: a search that goes on has those that it began with. */
async function placePlan(options: AugmentOptions, known: KnownLinks, host: AugmentHost): Promise<{ options: AugmentOptions; links: MeasuredLink[] }> {
  const { targets, measured } = await withMeasuredLinks(options.targets, async (url) => {
    const link = known.get(url) ?? await measureLink(url, { client: host.linkClient, signal: host.signal });
    known.set(url, link);
    host.onLink?.(link);
    return link;
  });
  return { options: { ...options, targets }, links: measured };
}

/** With times to be told, so that this machine must be measured. */
function isMapped(options: AugmentOptions): boolean {
  return options.targets !== undefined || options.maxLatencyMs !== undefined || (options.cost ?? 'macs') !== 'macs';
}

/** A certificate that was asked for and could not be given is said aloud. */
function remarkOnCertificate({ plan, search }: AugmentReport): string[] {
  return search.certify === undefined || plan.certificate !== null ? [] : [search.certify.plain];
}

function coreOptions(options: AugmentOptions, speed: number | undefined): JsonObject {
  const named: Record<string, Json | undefined> = {
    max_drop_pp: options.maxDropPp, max_class_drop_pp: options.maxClassDropPp, min_accuracy: options.minAccuracy,
    cost_weight: options.costWeight, rule: options.rule, max_exits: options.maxExits, levels: options.levels, seed: options.seed,
    epochs: options.epochs, class_weights: options.classWeights, backend: options.backend, method: options.method, certify_pp: options.certifyPp, confidence: options.confidence,
    paper_cost_weight: options.paperCostWeight, paper_correction: options.paperCorrection, preprocess: options.preprocess, labels: options.labels,
    targets: options.targets, cost: options.cost, max_latency_ms: options.maxLatencyMs, measured_macs_per_s: speed,
  };
  return Object.fromEntries(Object.entries(named).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** What only the host knows, in the shape of the report: also the core merges it into the manifest's evidence so. */
function measuredEvidence(
  result: JsonObject, seconds: AugmentReport['search']['seconds'], latency: LatencyKeys, stagesNs: readonly number[] | undefined,
): JsonObject {
  const evidence = result['evidence'];
  const packaged = isJsonObject(evidence) && evidence['packaged'] === 'paper_method' ? 'paper_method' : 'plan';
  return {
    base: { mean_latency_ns: latency.base_mean_latency_ns, median_latency_ns: latency.base_median_latency_ns },
    [packaged]: {
      mean_latency_ns: latency.mean_latency_ns, median_latency_ns: latency.median_latency_ns, latency_samples: latency.latency_samples,
      ...(stagesNs === undefined ? {} : { stage_latency_ns: [...stagesNs] }),
    },
    search: { seconds: { ...seconds } },
  };
}

function withEvidence(result: JsonObject, measured: JsonObject): AugmentReport {
  const merged: JsonObject = { ...result };
  for (const [key, value] of Object.entries(measured)) {
    const before = result[key];
    merged[key] = isJsonObject(before) && isJsonObject(value) ? { ...before, ...value } : value;
  }
  return merged as unknown as AugmentReport;
}
