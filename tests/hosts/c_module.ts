// The C-ABI module as a host without help calls it: numbers, and bytes in its memory.

export const exited = 1;
export const needsStage = 2;

export interface CModule {
  call(name: string, ...args: number[]): number;
  addFile(session: number, name: string, bytes: Uint8Array): number;
  begin(session: number, dims: readonly number[], data: Uint8Array, dtype?: number): number;
  runStage(session: number, stage: number, dims: readonly number[], values: Float32Array): number;
  judge(session: number, stage: number, logits: Float32Array): number;
  boundary(session: number): { dims: number[]; values: Float32Array };
  error(session: number): string;
  text(start: number): string;
  /** A copy. */
  floats(start: number, count: number): Float32Array;
  memoryBytes(): number;
  /** All that was copied in. */
  freeAll(): void;
}

export function instantiate(wasm: Uint8Array<ArrayBuffer>): CModule {
  const refused = 8; // WASI's errno for a bad descriptor: nothing is printed
  const names = ['fd_write', 'fd_close', 'fd_seek'];
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { wasi_snapshot_preview1: Object.fromEntries(names.map((name) => [name, () => refused])) });
  const exports = instance.exports as Record<string, ((...args: number[]) => number) | undefined>;
  const memory = instance.exports['memory'] as WebAssembly.Memory;
  const call: CModule['call'] = (name, ...args) => {
    const found = exports[name];
    if (found === undefined) throw new Error(`no export ${name}`);
    return found(...args) ?? 0;
  };
  const blocks: number[] = [];
  const copyIn = (bytes: Uint8Array): number => {
    const block = call('offramp_allocate', bytes.length);
    blocks.push(block);
    new Uint8Array(memory.buffer).set(bytes, block);
    return block;
  };
  const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const sizes = (dims: readonly number[]): number => copyIn(new Uint8Array(BigInt64Array.from(dims, BigInt).buffer));
  const text: CModule['text'] = (start) => {
    const bytes = new Uint8Array(memory.buffer);
    return new TextDecoder().decode(bytes.slice(start, bytes.indexOf(0, start)));
  };
  const floats: CModule['floats'] = (start, count) => new Float32Array(memory.buffer.slice(start, start + 4 * count));
  call('_initialize');
  return {
    call, text, floats,
    addFile: (session, name, bytes) => {
      const label = new TextEncoder().encode(name);
      return call('offramp_add_file', session, copyIn(label), label.length, copyIn(bytes), bytes.length);
    },
    begin: (session, dims, data, dtype = 0) => call('offramp_begin', session, dtype, sizes(dims), dims.length, copyIn(data), data.length),
    runStage: (session, stage, dims, values) => call('offramp_run_stage', session, stage, sizes(dims), dims.length, copyIn(bytesOf(values)), values.byteLength),
    judge: (session, stage, logits) => call('offramp_judge', session, stage, copyIn(bytesOf(logits)), logits.length),
    boundary: (session) => {
      const rank = call('offramp_boundary_rank', session);
      const at = call('offramp_boundary_dims', session);
      const dims = [...new BigInt64Array(memory.buffer.slice(at, at + 8 * rank))].map(Number);
      return { dims, values: floats(call('offramp_boundary', session), dims.reduce((product, size) => product * size, 1)) };
    },
    error: (session) => text(call('offramp_error', session)),
    memoryBytes: () => memory.buffer.byteLength,
    freeAll: () => blocks.splice(0).forEach((block) => call('offramp_free', block)),
  };
}
