// Command lines that cannot be meant: exit code 2 and a text that says what would be right. Help says it beforehand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand } from 'offramp/cli';
import { nearest } from 'offramp/options';

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const result = { code: 0, out: '', err: '' };
  result.code = await runCommand(argv, {
    terminal: { progressBars: false, color: false, columns: 80 },
    out: (text) => { result.out += text; },
    err: (text) => { result.err += text; },
    checkWritable: () => Promise.resolve(),
    writeFile: () => Promise.reject(new Error('nothing may be written')),
    writePieces: () => Promise.reject(new Error('nothing may be written')),
    writeProgress: () => Promise.reject(new Error('nothing may be written')),
    removeProgress: () => Promise.reject(new Error('nothing may be removed')),
    checkFolder: () => Promise.resolve(),
    writeFolder: () => Promise.reject(new Error('nothing may be written')),
    untilStopped: () => Promise.resolve(),
  });
  return result;
}

const known = 'inspect, augment, evaluate, run, bench, export, serve, report';
const cases: [string[], string][] = [
  [[], `no command; known are ${known} (see offramp --help)`],
  [['augmnt'], `unknown command "augmnt"; did you mean augment? Known are ${known} (see offramp --help)`],
  [['zzz'], `unknown command "zzz"; known are ${known} (see offramp --help)`],
  [['augment'], 'augment needs MODEL (see offramp augment --help)'],
  [['augment', 'm'], 'augment needs --data DATA (see offramp augment --help)'],
  [['augment', 'm', '--data', 'd'], 'augment needs --output FILE (see offramp augment --help)'],
  [['augment', 'm', 'n', '--data', 'd', '-o', 'x'], 'augment does not know what to do with "n" (see offramp augment --help)'],
  [['augment', 'm', '--dta', 'd'], 'unknown option --dta; did you mean --data? (see offramp augment --help)'],
  [['augment', 'm', '--max-dorp', '1'], 'unknown option --max-dorp; did you mean --max-drop? (see offramp augment --help)'],
  [['augment', 'm', '--quantum'], 'unknown option --quantum (see offramp augment --help)'],
  [['augment', 'm', '-x'], 'unknown option -x (see offramp augment --help)'],
  [['augment', 'm', '--data', '--json'], '--data needs a value: --data DATA'],
  [['augment', 'm', '--data'], '--data needs a value: --data DATA'],
  [['augment', 'm', '--data', 'd', '--data', 'e'], '--data is given twice'],
  [['augment', 'm', '--json=yes'], '--json takes no value'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--max-drop', '101'], '--max-drop is a number from 0 to 100, not "101"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--max-drop', '-1'], '--max-drop is a number from 0 to 100, not "-1"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--max-drop', '1pp'], '--max-drop is a number from 0 to 100, not "1pp"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--max-exits', '9'], '--max-exits is a whole number from 0 to 8, not "9"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--max-class-drop', '-2'], '--max-class-drop is a number from 0 to 100, not "-2"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--min-accuracy', '101'], '--min-accuracy is a number from 0 to 100, not "101"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--seed', '1.5'], '--seed is a whole number from 0 to 9007199254740991, not "1.5"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--rule', 'luck'], '--rule is harm or accuracy or weighted, not "luck"'],
  [['augment', 'm', '--data', 'd', '-o', 'x', '--method', 'best'], '--method is joint or paper, not "best"'],
  [['augment', 'm', '--data', 'd', '-o', './m'], '-o ./m would overwrite the model'],
  [['evaluate', 'm', '--data', 'd', '--rows', '0'], '--rows is a whole number from 1 to 10000000, not "0"'],
  [['bench'], 'bench needs MODEL|PACKAGE (see offramp bench --help)'],
  [['bench', 'm', '--runs', '0'], '--runs is a whole number from 1 to 1000000, not "0"'],
  [['bench', 'm', '--threads', '1,x'], '--threads is a list of whole numbers from 1 to 64 such as 1,2, not "1,x"'],
  [['bench', 'm', '--threads', '0'], '--threads is a list of whole numbers from 1 to 64 such as 1,2, not "0"'],
  [['bench', 'm', '--threads', '1,65'], '--threads is a list of whole numbers from 1 to 64 such as 1,2, not "1,65"'],
  [['bench', 'm', '--threads', 'two'], '--threads is a list of whole numbers from 1 to 64 such as 1,2, not "two"'],
  [['bench', 'm', '--threads', '1,1'], '--threads names a number twice: "1,1"'],
  [['bench', 'm', '--variant', 'mmx'], '--variant is auto or simd or relaxed-simd, not "mmx"'],
  [['bench', 'm', '--backend', 'gpu'], '--backend is xnnpack or reference, not "gpu"'],
  [['export', 'p', '-o', 'x'], 'export needs --as FORM (see offramp export --help)'],
  [['export', 'p', '--as', 'if-onnx'], 'export needs --output PATH (see offramp export --help)'],
  [['export', 'p', '--as', 'tflite', '-o', 'x'], '--as is if-onnx or stages or oip or all-exits or features, not "tflite"'],
  [['export', 'p', '--as', 'if-onnx', '-o', 'x', '--stages', '1..'], '--stages goes with --as stages or oip; if-onnx holds all stages'],
  [['run', 'p'], 'run needs --input FILE (see offramp run --help)'],
];
const runsModels = [['augment', 'm', '--data', 'd', '-o', 'x'], ['evaluate', 'm', '--data', 'd'], ['run', 'p', '--input', 'i']];
for (const command of runsModels) {
  for (const count of ['0', '65', 'two', '-1', '1.5', '1,2', '']) {
    cases.push([[...command, `--threads=${count}`], `--threads is a whole number from 1 to 64, not "${count}"`]);
  }
}
for (const command of [...runsModels.slice(1), ['bench', 'm']]) {
  for (const name of ['mmx', 'SIMD', 'simd-threads', '']) {
    cases.push([[...command, `--variant=${name}`], `--variant is auto or simd or relaxed-simd, not "${name}"`]);
  }
}
cases.push([['augment', 'm', '--data', 'd', '-o', 'x', '--variant', 'relaxed-simd'], 'unknown option --variant (see offramp augment --help)']);
for (const [argv, message] of cases) {
  test(`offramp ${argv.join(' ')}`, async () => {
    assert.deepEqual(await run(...argv), { code: 2, out: argv.includes('--json') ? `${JSON.stringify({ error: { code: 'invalid_argument', message, context: [] } })}\n` : '', err: `offramp: error: ${message}\n` });
  });
}

test('help: general, per command, with examples, on standard output', async () => {
  for (const argv of [['--help'], ['-h'], ['help']]) {
    const { code, out, err } = await run(...argv);
    assert.equal(code, 0);
    assert.equal(err, '');
    for (const command of known.split(', ')) assert.match(out, new RegExp(`^  ${command} `, 'm'));
  }
  for (const command of known.split(', ')) {
    const { code, out } = await run(command, '--help');
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^usage: offramp ${command} `));
    assert.match(out, new RegExp(`examples:\n  offramp ${command} `));
    assert.ok(out.split('\n').every((line) => line.length <= 140), 'lines of a readable length');
    assert.equal((await run('help', command)).out, out);
  }
});

test('help: what threads and variants there are, and what augment does unasked', async () => {
  const threads = '--threads N      threads that run the model, 1 to 64';
  const variant = '--variant NAME   auto (the default: simd), simd or relaxed-simd (may round differently, not on every host)';
  const squeezed = async (command: string): Promise<string> => (await run(command, '--help')).out.replace(/ {2,}/g, '  ');
  const expected: [string, string[]][] = [
    ['augment', [`${threads} (default: one per core, at most 4); the plan is the same`]],
    ['evaluate', [`${threads} (default 1); answers are the same`, variant]],
    ['run', [`${threads} (default 1); answers are the same`, variant]],
    ['bench', ['--threads LIST   numbers of threads to time by turns, such as 1,2 (default 1)', variant]],
  ];
  for (const [command, lines] of expected) {
    const help = await squeezed(command);
    for (const line of lines) assert.ok(help.includes(`\n  ${line.replace(/ {2,}/g, '  ')}\n`), `${command}: ${line}\n${help}`);
  }
  assert.doesNotMatch(await squeezed('augment'), /--variant/);
});

test('the nearest known word', () => {
  assert.equal(nearest('dat', ['data', 'rows']), 'data');
  assert.equal(nearest('maxdrop', ['max-drop', 'max-exits']), 'max-drop');
  assert.equal(nearest('quantum', ['data', 'rows']), undefined);
});
