// The plan step's calls: other plans of the search's front.
import { OfframpError, parseJson, type AugmentReport, type Augmentation, type JsonObject, type PackageFile } from '@offramp/engine';
import type { StageFacts } from '../../steps/plan/lanes.js';
import { inTurn } from '../in_turn.js';
import type { Call, CallContext, Handlers } from '../protocol.js';
import { stageFacts } from './package.js';

export interface LookedAtPlan {
  report: AugmentReport;
  stages: StageFacts[];
}

export type PlanCalls = {
  /** Whether plans other than the packaged one can be looked at: the search that found them is still in memory. */
  canPick: Call<null, boolean>;
  /** What a plan of the front does, without measuring its time. Errors: infeasible if it cannot be mapped within the targets' limits. */
  lookAtPlan: Call<{ plan: number }, LookedAtPlan>;
  /** Measured and packaged, to go on with. */
  pickPlan: Call<{ plan: number }, { report: AugmentReport; files: PackageFile[] }>;
};

const afterLast = inTurn();

function manifestOf(files: readonly PackageFile[]): JsonObject {
  const file = files.find(({ name }) => name === 'manifest.json');
  return parseJson(new TextDecoder().decode(file?.bytes), 'manifest.json', 'internal') as JsonObject;
}

async function keptSearch(context: CallContext<never>): Promise<Augmentation> {
  const { search } = context.state;
  if (search === undefined || search.engine !== await context.engine()) {
    throw new OfframpError('invalid_argument', 'a package holds its own plan only; search with the model and the data to take another');
  }
  return search.augmentation;
}

export const planCalls: Handlers<PlanCalls> = {
  canPick: async (_, context) => context.state.search !== undefined && context.state.search.engine === await context.engine(),
  lookAtPlan: ({ plan }, context) => afterLast(async () => {
    const augmentation = await keptSearch(context);
    const report = await augmentation.look(plan, { signal: context.signal });
    return { report, stages: stageFacts(manifestOf(augmentation.unmeasured())) };
  }),
  pickPlan: ({ plan }, context) => afterLast(async () => (await keptSearch(context)).pick(plan, { signal: context.signal })),
};
