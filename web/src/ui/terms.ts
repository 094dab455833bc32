// Words that a newcomer need not know, each explained in a sentence or two.

export const terms = {
  'early exit': 'A place inside the network where an easy input can already be answered, so that the rest of the work is skipped.',
  'exit point': 'A place that every input passes on its way through the network, so that a small head can stand there.',
  head: 'A small classifier that answers from what the network knows at an exit point.',
  threshold: 'How sure a head must be before its answer counts. Below it, the input goes on.',
  MACs: 'Multiply-accumulates: one multiplication and one addition. Nearly all the work of a network is made of them.',
  parameters: 'The numbers that training has set. Each takes four bytes unless it is compressed.',
  backbone: 'The trained model as it came, without exits.',
  accuracy: 'The share of samples that are answered right.',
  harm: 'The share of samples that the whole model answers right and an early exit answers wrong.',
  'percentage points': 'The difference of two percentages: from 93 % to 92 % is one point.',
  preprocessing: 'What is done to a sample before the model sees it, such as scaling pixels to the range 0 to 1.',
  'select rows': 'Samples that thresholds are chosen on. The model must not have been trained on them.',
  'test rows': 'Samples that nothing is chosen on: they tell how good the result is.',
  'train rows': 'Samples that the small heads learn from.',
  certificate: 'A statistical statement: with the confidence given, harm on new inputs of the same kind stays below the limit.',
  stage: 'A piece of the network from one exit to the next.',
  score: 'How sure a head is of its answer, from 0 to 1, taken from the probabilities that it gives the classes.',
  recall: 'The share of a class\'s samples that are recognised as such.',
  calibration: 'Making a head\'s confidence honest: after it, answers that it is 80 % sure of are right in about 80 % of cases.',
  latency: 'The time from an input to its answer.',
  ONNX: 'A file format for trained networks that most tools can write.',
  opset: 'The version of ONNX\'s list of operators that a model uses.',
  'class balance': 'How many samples there are of each class. Rare classes are judged less surely.',
} as const;

export type TermName = keyof typeof terms;
