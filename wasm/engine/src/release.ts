// Memory given back without waiting for a garbage collector, which does not see how large an array's bytes are until it looks.

/** Of bytes that nobody reads again; afterwards they are empty. Where the host cannot (ArrayBuffer.prototype.transfer), the collector does it later. */
export function releaseBytes({ buffer, byteLength }: Uint8Array): void {
  const { transfer } = buffer as { transfer?: (length: number) => ArrayBuffer };
  if (byteLength === buffer.byteLength) transfer?.call(buffer, 0);
}
