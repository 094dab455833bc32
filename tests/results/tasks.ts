// The models of the table, their data, and the goals that issue 4 set. Goals are the only figures that were typed in.

export type Goal =
  /** At least so much less compute, losing at most so much accuracy. */
  | { kind: 'saving'; method: MethodId; macsPct: number; lossPp: number }
  /** At least so much less compute, with no class's recall down by more. */
  | { kind: 'class_saving'; method: MethodId; macsPct: number; recallPp: number }
  /** At least so much less compute, and neither accuracy nor macro-F1 falls. */
  | { kind: 'no_loss'; method: MethodId; macsPct: number }
  | { kind: 'latency_falls'; method: MethodId }
  /** More accurate than a mix of the smaller models of the same compute. */
  | { kind: 'above_static'; method: MethodId };

export type MethodId = 'harm_0.5' | 'harm_1' | 'harm_2' | 'accuracy_0.5' | 'accuracy_1' | 'class_2' | 'certified' | 'paper';

export interface Method {
  id: MethodId;
  title: string;
  /** Beside the model's, as the engine's augmentModel takes them. */
  options: Record<string, number | string>;
  /** Of `offramp augment`, without which the method cannot run. */
  needs?: string;
}

export interface ModelTask {
  id: string;
  task: 'kws' | 'ecg' | 'cifar10';
  title: string;
  /** Paths in the folder of real data. */
  model: string;
  data: string;
  select?: string;
  test: string;
  /** Smaller models of the same task that could be used instead. */
  statics: { title: string; model: string }[];
  methods: MethodId[];
  goals: Goal[];
}

export const methods: readonly Method[] = [
  { id: 'harm_0.5', title: 'Offramp, 0.5 pp', options: { maxDropPp: 0.5 } },
  { id: 'harm_1', title: 'Offramp, 1 pp', options: { maxDropPp: 1 } },
  { id: 'harm_2', title: 'Offramp, 2 pp', options: { maxDropPp: 2 } },
  { id: 'accuracy_0.5', title: 'Offramp, 0.5 pp of accuracy', options: { maxDropPp: 0.5, rule: 'accuracy' } },
  { id: 'accuracy_1', title: 'Offramp, 1 pp of accuracy', options: { maxDropPp: 1, rule: 'accuracy' } },
  { id: 'class_2', title: 'Offramp, 2 pp in every class', options: { maxDropPp: 2, maxClassDropPp: 2 }, needs: 'max-class-drop' },
  { id: 'certified', title: 'Offramp, certified 1 %', options: { maxDropPp: 1, certifyPp: 1, confidence: 95 }, needs: 'certify' },
  { id: 'paper', title: "the paper's method", options: { method: 'paper' } },
];

const usual: MethodId[] = ['harm_0.5', 'harm_1', 'harm_2', 'accuracy_0.5', 'accuracy_1', 'certified', 'paper'];
/** By both rules: the usual one limits harm, the goals speak of accuracy. */
const saving = (macsPct: number, lossPp: 0.5 | 1): Goal[] =>
  ([`harm_${lossPp}`, `accuracy_${lossPp}`] as const).map((method) => ({ kind: 'saving', method, macsPct, lossPp }));
const cifar = (name: 'resnet' | 'mlperf'): Pick<ModelTask, 'data' | 'select' | 'test'> => ({
  data: `cifar10/${name}.train.json`, select: `cifar10/${name}.select.json`, test: `cifar10/${name}.test.json`,
});

export const tasks: readonly ModelTask[] = [
  {
    id: 'kws_arm_dscnn_l', task: 'kws', title: 'Keywords, DS-CNN L', model: 'kws/kws_arm_dscnn_l.onnx', data: 'kws/arm.calib.json', test: 'kws/arm.test.json',
    statics: [{ title: 'DS-CNN M', model: 'kws/kws_arm_dscnn_m.onnx' }, { title: 'DS-CNN S', model: 'kws/kws_arm_dscnn_s.onnx' }], methods: usual,
    goals: [...saving(60, 1), ...saving(50, 0.5), { kind: 'latency_falls', method: 'harm_1' }],
  },
  {
    id: 'kws_dscnn', task: 'kws', title: 'Keywords, DS-CNN', model: 'kws/kws_dscnn.onnx', data: 'kws/dscnn.calib.json', test: 'kws/dscnn.test.json',
    statics: [], methods: usual,
    goals: [...saving(60, 1), ...saving(52, 0.5)],
  },
  {
    id: 'ecg_ps_resnet1d', task: 'ecg', title: 'Heartbeats of known patients, ResNet-1D', model: 'ecg/ecg_ps_resnet1d.onnx',
    data: 'ecg/ps_train.json', select: 'ecg/ps_calib.json', test: 'ecg/ps_test.json', statics: [], methods: [...usual, 'class_2'],
    goals: [...saving(90, 0.5), { kind: 'class_saving', method: 'class_2', macsPct: 70, recallPp: 2 }],
  },
  {
    id: 'ecg_resnet1d', task: 'ecg', title: 'Heartbeats of new patients, ResNet-1D', model: 'ecg/ecg_resnet1d.onnx',
    data: 'ecg/train.json', select: 'ecg/calib.json', test: 'ecg/test.json', statics: [{ title: 'small ResNet-1D', model: 'ecg/ecg_resnet1d_small.onnx' }], methods: usual,
    goals: [{ kind: 'no_loss', method: 'harm_0.5', macsPct: 85 }],
  },
  {
    id: 'resnet56', task: 'cifar10', title: 'Pictures, ResNet-56', model: 'cifar10/resnet56.onnx', ...cifar('resnet'),
    statics: [44, 32, 20].map((depth) => ({ title: `ResNet-${depth}`, model: `cifar10/resnet${depth}.onnx` })), methods: usual,
    goals: [...saving(40, 1), ...saving(33, 0.5), { kind: 'above_static', method: 'harm_1' }],
  },
  {
    id: 'mlperf_resnet8', task: 'cifar10', title: 'Pictures, ResNet-8', model: 'cifar10/mlperf_resnet8.onnx', ...cifar('mlperf'),
    statics: [], methods: usual, goals: saving(25, 1),
  },
];

/** Measured latency may lag so many points behind the saved compute, in models of more MACs than that. */
export const latencyGoal = { points: 5, aboveMacs: 10e6 };
