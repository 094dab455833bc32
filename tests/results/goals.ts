// The goals beside what was measured. Nothing is rounded in favour of a goal.
import type { MethodRow, ModelResult } from './collect.js';
import { latencyGoal, methods, tasks, type Goal, type Method, type MethodId } from './tasks.js';

export interface Verdict {
  model: string;
  /** What was to be reached, such as "1 pp: at least 60 % fewer MACs, at most 1 pp lost". */
  goal: string;
  /** What was, such as "62.1 % fewer MACs, 0.4 pp lost"; why not, if it was not measured. */
  seen: string;
  met: boolean | null;
}

export function judge(result: ModelResult): Verdict[] {
  const goals = tasks.find(({ id }) => id === result.id)?.goals ?? [];
  return [...goals.map((goal) => judgeGoal(result, goal)), ...beatsPaper(result), ...followsMacs(result)].map((verdict) => ({ model: result.title, ...verdict }));
}

type Judged = Omit<Verdict, 'model'>;

function judgeGoal(result: ModelResult, goal: Goal): Judged {
  const row = result.methods.find(({ method }) => method === goal.method);
  const named = `${titleOf(goal.method)}: `;
  if (row === undefined) return { goal: named + goalText(goal), seen: 'not run', met: null };
  const saved = -row.macsChangePct;
  switch (goal.kind) {
    case 'saving':
      return {
        goal: named + goalText(goal), seen: `${percent(saved)} saved, ${points(row.accuracyChangePp)}`,
        met: saved >= goal.macsPct && row.accuracyChangePp >= -goal.lossPp,
      };
    case 'class_saving': {
      const { changePp, label } = row.worstClass;
      return {
        goal: named + goalText(goal), seen: `${percent(saved)} saved, recall of ${result.labels[label] ?? `class ${label}`} ${points(changePp)}`,
        met: saved >= goal.macsPct && changePp >= -goal.recallPp,
      };
    }
    case 'no_loss':
      return {
        goal: named + goalText(goal), seen: `${percent(saved)} saved, ${points(row.accuracyChangePp)}, macro-F1 ${points(row.macroF1ChangePp)}`,
        met: saved >= goal.macsPct && row.accuracyChangePp >= 0 && row.macroF1ChangePp >= 0,
      };
    case 'latency_falls':
      return { goal: named + goalText(goal), seen: `latency ${signed(row.latencyChangePct)} %`, met: row.latencyChangePct < 0 };
    case 'above_static': {
      const line = staticAccuracy(result, row.meanMacs);
      if (line === null) return { goal: named + goalText(goal), seen: 'no smaller model was measured on either side', met: null };
      return { goal: named + goalText(goal), seen: `${percent(100 * row.accuracy, 2)}, the line ${percent(100 * line, 2)}`, met: row.accuracy > line };
    }
  }
}

function goalText(goal: Goal): string {
  switch (goal.kind) {
    case 'saving': return `at least ${goal.macsPct} % fewer MACs at no more than ${goal.lossPp} pp lost`;
    case 'class_saving': return `at least ${goal.macsPct} % fewer MACs, no class's recall down by more than ${goal.recallPp} pp`;
    case 'no_loss': return `at least ${goal.macsPct} % fewer MACs with no loss of accuracy or macro-F1`;
    case 'latency_falls': return 'lower measured latency';
    case 'above_static': return 'more accurate than the line through the smaller models';
  }
}

/**
 * On the line between neighbours among base and smaller models, ordered by MACs; below the smallest one, of its accuracy.
 * Null without smaller models.
 */
export function staticAccuracy(result: ModelResult, macs: number): number | null {
  if (result.statics.length === 0) return null;
  const line = [...result.statics.map(({ accuracy, meanMacs }) => ({ accuracy, macs: meanMacs })), { accuracy: result.base.accuracy, macs: result.base.macs }]
    .sort((a, b) => a.macs - b.macs);
  const above = line.findIndex((point) => point.macs >= macs);
  const right = above < 0 ? line.at(-1) : line[above];
  const left = above <= 0 ? right : line[above - 1];
  if (left === undefined || right === undefined) return null;
  const share = right.macs === left.macs ? 0 : (macs - left.macs) / (right.macs - left.macs);
  return left.accuracy + Math.min(1, share) * (right.accuracy - left.accuracy);
}

/** At the accuracy that the paper's plan reached, one of ours spends no more. */
function beatsPaper(result: ModelResult): Judged[] {
  const paper = result.methods.find(({ method }) => method === 'paper');
  if (paper === undefined) return [];
  const ours = [...result.methods.filter(isOurs), ...result.front].filter(({ accuracy }) => accuracy >= paper.accuracy);
  const least = Math.min(result.base.accuracy >= paper.accuracy ? result.base.macs : Infinity, ...ours.map(({ meanMacs }) => meanMacs));
  const share = (macs: number): string => percent(100 * (1 - macs / result.base.macs));
  const seen = least === Infinity ? 'no plan of ours is as accurate' : `${share(least)} saved, the paper's ${share(paper.meanMacs)} at ${percent(100 * paper.accuracy, 2)}`;
  return [{ goal: "no more MACs than the paper's method at equal accuracy", seen, met: least <= paper.meanMacs }];
}

/** Our worst row decides. */
function followsMacs(result: ModelResult): Judged[] {
  const rows = result.methods.filter((row) => isOurs(row) && row.exits.length > 0);
  if (result.base.macs <= latencyGoal.aboveMacs || rows.length === 0) return [];
  const lag = (row: MethodRow): number => row.latencyChangePct - row.macsChangePct;
  const worst = rows.reduce((most, row) => (lag(row) > lag(most) ? row : most));
  return [{
    goal: `latency saving within ${latencyGoal.points} points of the MAC saving`,
    seen: `${signed(-worst.latencyChangePct)} % against ${signed(-worst.macsChangePct)} % (${worst.title})`, met: lag(worst) <= latencyGoal.points,
  }];
}

export const isOurs = ({ method }: { method: MethodId }): boolean => method !== 'paper';

const titleOf = (method: MethodId): string => (methods.find(({ id }) => id === method) as Method).title.replace(/^Offramp, /, '');
const percent = (value: number, digits = 1): string => `${value.toFixed(digits)} %`;
const signed = (value: number, digits = 1): string => `${value > 0 ? '+' : ''}${value.toFixed(digits)}`;
const points = (value: number): string => `${signed(value, 2)} pp`;
