// Hands a file to the browser to save.
export function saveFile({ name, bytes, type }: { name: string; bytes: Uint8Array<ArrayBuffer>; type: string }): void {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser has begun to read it by then
}
