// Runs one command line to its exit code: dispatch, help, and the one place where errors become text.
import { OfframpError, invalidArgument } from '@offramp/engine';
import { commandHelp, commandSpecs, generalHelp } from './commands.js';
import { augment } from './commands/augment.js';
import { bench } from './commands/bench.js';
import { evaluate } from './commands/evaluate.js';
import { exportCommand } from './commands/export.js';
import { inspect } from './commands/inspect.js';
import { report } from './commands/report.js';
import { run } from './commands/run.js';
import { serve } from './commands/serve.js';
import { exitCodes } from './exit_codes.js';
import type { CommandIo } from './io.js';
import { nearest, parseCommandLine, type Arguments } from './options.js';

const commands: Record<string, (args: Arguments, io: CommandIo) => Promise<void>> = { inspect, augment, evaluate, run, bench, export: exportCommand, serve, report };

export async function runCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    await dispatch(argv, io);
    return 0;
  } catch (thrown) {
    const error = OfframpError.from(thrown);
    io.err(`offramp: ${error.code === 'cancelled' ? '' : 'error: '}${printable(error.message)}\n`);
    if (argv.includes('--json')) io.out(`${JSON.stringify({ error: error.toRecord() })}\n`);
    return exitCodes[error.code];
  }
}

async function dispatch(argv: readonly string[], io: CommandIo): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined) throw invalidArgument(`no command; known are ${commandNames()} (see offramp --help)`);
  if (name === '--help' || name === '-h' || name === 'help') {
    const asked = commandSpecs.find((spec) => spec.name === rest[0]);
    io.out(asked === undefined ? generalHelp() : commandHelp(asked));
    return;
  }
  const spec = commandSpecs.find((candidate) => candidate.name === name);
  const command = commands[name];
  if (spec === undefined || command === undefined) {
    const near = nearest(name, commandSpecs.map((candidate) => candidate.name));
    throw invalidArgument(`unknown command "${name}"; ${near ? `did you mean ${near}? Known` : 'known'} are ${commandNames()} (see offramp --help)`);
  }
  const args = parseCommandLine(spec, rest);
  if (args.has('help')) io.out(commandHelp(spec));
  else await command(args, io);
}

function commandNames(): string {
  return commandSpecs.map((spec) => spec.name).join(', ');
}

/** Names in models and data are hostile: no control character of theirs reaches the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
