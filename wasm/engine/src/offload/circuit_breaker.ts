// Keeps requests from an endpoint that fails: after some failures in a row it is left alone for a while, then tried with one.

export interface BreakerOptions {
  /** Failures in a row that open it. Default 5. */
  failures?: number | undefined;
  /** First pause; each failed trial doubles it. Default 1 s. */
  pauseMs?: number | undefined;
  /** Default 30 s. */
  longestPauseMs?: number | undefined;
}

export class CircuitBreaker {
  private failures = 0;
  private pauseMs: number;
  private closedAgainAt = -Infinity;
  private trying = false;

  constructor(private readonly options: BreakerOptions = {}, private readonly now: () => number = () => performance.now()) {
    this.pauseMs = this.firstPause;
  }

  private get firstPause(): number {
    return this.options.pauseMs ?? 1000;
  }
  private get isOpen(): boolean {
    return this.failures >= (this.options.failures ?? 5);
  }

  /** Whether a request may go out now. One that may must end in succeeded(), failed() or abandoned(). */
  allows(): boolean {
    if (this.now() < this.closedAgainAt) return false;
    if (!this.isOpen) return true;
    if (this.trying) return false;
    this.trying = true;
    return true;
  }

  succeeded(): void {
    this.failures = 0;
    this.pauseMs = this.firstPause;
    this.trying = false;
  }

  failed(): void {
    this.failures += 1;
    if (this.isOpen) {
      // Those that were under way when it opened must not lengthen the pause.
      if (this.trying) this.pauseMs = Math.min(this.pauseMs * 2, this.options.longestPauseMs ?? 30_000);
      if (this.trying || this.now() >= this.closedAgainAt) this.hold(this.pauseMs);
    }
    this.trying = false;
  }

  /** Ended by its caller, which says nothing about the endpoint. */
  abandoned(): void {
    this.trying = false;
  }

  /** The endpoint itself asked to be left alone for so long. */
  hold(milliseconds: number): void {
    this.closedAgainAt = Math.max(this.closedAgainAt, this.now() + Math.min(milliseconds, this.options.longestPauseMs ?? 30_000));
  }
}
