// Progress on standard error: a bar on a terminal, elsewhere a line every ten seconds.
import type { Progress, ProgressListener } from '@offramp/engine';
import type { CommandIo } from './io.js';

const redrawMilliseconds = 100;
const lineMilliseconds = 10_000;
const barCells = 24;

export class ProgressLine {
  private last: number;
  private drawn = false;

  constructor(private readonly io: CommandIo, private readonly now: () => number = () => performance.now()) {
    this.last = now();
  }

  readonly show: ProgressListener = (progress) => {
    const bars = this.io.terminal.progressBars;
    if (this.now() - this.last < (bars ? redrawMilliseconds : lineMilliseconds)) return;
    this.last = this.now();
    if (!bars) {
      this.io.err(`offramp: ${describe(progress)}\n`);
      return;
    }
    const filled = Math.round(progress.fraction * barCells);
    const line = `${'█'.repeat(filled)}${'░'.repeat(barCells - filled)} ${describe(progress)}`;
    this.io.err(`\r\x1b[2K${line.slice(0, Math.max(10, this.io.terminal.columns - 1))}`);
    this.drawn = true;
  };

  /** Removes the bar. */
  clear(): void {
    if (this.drawn) this.io.err('\r\x1b[2K');
    this.drawn = false;
  }
}

function describe({ phase, done, total, fraction, remainingSeconds }: Progress): string {
  const left = remainingSeconds === null ? '' : `, ${describeSeconds(remainingSeconds)} left`;
  return `${phase} ${done}/${total}, ${Math.round(fraction * 100)} % of all${left}`;
}

export function describeSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
