// Heads of a task, trained once and in short; then plans for any targets, without timing any.
import { join } from 'node:path';
import { makeParts, measureSpeed, sampleRows, sliceDataset, type AugmentReport, type Augmenter, type Dataset, type Engine, type Json, type JsonObject, type PackageFile } from '@offramp/engine';
import { readData, readModel } from 'offramp/inputs';
import { dataFolder } from '../checkout.js';
import { tasks } from '../../results/tasks.js';

export interface Effort {
  trainRows: number;
  selectRows: number;
  testRows: number;
  epochs: number;
  maxDropPp: number;
  maxExits: number;
}

export interface Planned {
  report: AugmentReport;
  files: PackageFile[];
}

export class Planner {
  private constructor(
    private readonly augmenter: Augmenter, private readonly options: JsonObject,
    /** MACs per second of this machine on the model, on one thread. */
    readonly macsPerS: number,
    readonly macs: number,
    /** Rows that the plans' figures are told on. */
    readonly test: Dataset,
    /** All test rows of the task. */
    readonly allTest: Dataset,
  ) {}

  /** `id`: of tests/results' tasks. */
  static async train(engine: Engine, id: string, effort: Effort, say: (text: string) => void): Promise<Planner> {
    const task = tasks.find((candidate) => candidate.id === id);
    if (task === undefined) throw new Error(`no task ${id}`);
    const at = (path: string): string => join(dataFolder, path);
    const model = await readModel(at(task.model));
    const sets = { data: await readData(at(task.data), undefined, undefined), ...(task.select === undefined ? {} : { select: await readData(at(task.select), undefined, undefined) }), test: await readData(at(task.test), undefined, undefined) };
    const parts = makeParts(engine, sets, 0, false);
    const test = sampleRows(parts.test, effort.testRows, 0);
    const macsPerS = await measureSpeed(engine, model, 'xnnpack', undefined);
    const options: JsonObject = {
      preprocess: (sets.data.preprocess ?? []) as Json[], seed: 0, epochs: effort.epochs, max_drop_pp: effort.maxDropPp, max_exits: effort.maxExits, levels: 48,
      cost: 'latency', measured_macs_per_s: macsPerS,
    };
    const augmenter = engine.createAugmenter(model, { ...options, targets: onlyHere });
    const named = { train: sampleRows(parts.train, effort.trainRows, 0), select: sampleRows(parts.select, effort.selectRows, 0), test };
    for (const part of ['train', 'select', 'test'] as const) {
      const { y } = named[part];
      for (let begin = 0; begin < y.length; begin += 32) {
        const rows = sliceDataset(named[part], begin, Math.min(y.length, begin + 32));
        augmenter.addRows(part, rows.x, rows.y, part === 'train' ? rows.groups : undefined);
        say(`${id}: ${part} row ${begin} of ${y.length}`);
      }
    }
    const planner = new Planner(augmenter, options, macsPerS, engine.inspect(model).macs, test, parts.test);
    planner.finish((phase) => say(`${id}: ${phase}`));
    return planner;
  }

  /** Errors: infeasible if nothing fits the targets. */
  plan(targets: Json, more: JsonObject = {}): Planned {
    this.augmenter.replan({ ...this.options, ...more, targets });
    this.finish(() => undefined);
    return { report: this.augmenter.result() as unknown as AugmentReport, files: this.augmenter.package({}) };
  }

  dispose(): void {
    this.augmenter.dispose();
  }

  private finish(say: (phase: string) => void): void {
    for (let phase = ''; phase !== 'finished';) {
      ({ phase } = this.augmenter.step());
      say(phase);
    }
  }
}

export const onlyHere: Json = { targets: [{ name: 'device', kind: 'device', speed: 'measured' }] };
