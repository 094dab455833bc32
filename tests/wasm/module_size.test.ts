// The whole of Offramp in one wasm file stays small in every variant, and asks its host for nothing odd.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { relaxedSimdFlags } from './support/relaxed_simd.js';

const embind = [
  '__embind_register_bigint', '__embind_register_bool', '__embind_register_class', '__embind_register_class_function',
  '__embind_register_emval', '__embind_register_float', '__embind_register_function', '__embind_register_integer',
  '__embind_register_memory_view', '__embind_register_std_string', '__embind_register_std_wstring', '__embind_register_void',
  '__emval_as', '__emval_call', '__emval_call_method', '__emval_decref', '__emval_get_global', '__emval_get_method_caller',
  '__emval_get_property', '__emval_incref', '__emval_new_array', '__emval_new_cstring', '__emval_new_object',
  '__emval_run_destructors', '__emval_set_property', '__emval_take_value',
];
const own = ['make_tensor', 'read_bytes', 'read_tensor_data', 'read_tensor_header']; // wasm/bindings/convert.cpp
// Growing memory, failing checks, and the console and environment of the C library.
const cLibrary = [
  '___assert_fail', '__abort_js', '__tzset_js', '_emscripten_get_heap_max', '_emscripten_resize_heap', '_environ_get',
  '_environ_sizes_get', '_emscripten_get_now', '_exit', '_fd_close', '_fd_read', '_fd_seek', '_fd_write',
];
const threads = [
  '___pthread_create_js', '__emscripten_init_main_thread_js', '__emscripten_notify_mailbox_postmessage',
  '__emscripten_receive_on_main_thread_js', '__emscripten_thread_cleanup', '__emscripten_thread_mailbox_await',
  '__emscripten_thread_set_strongref', '_emscripten_check_blocking_allowed', '_emscripten_exit_with_live_runtime',
  '_emscripten_num_logical_cores', 'wasmMemory',
];

function importsOf(file: string): string[] {
  const script = `console.log(JSON.stringify(WebAssembly.Module.imports(new WebAssembly.Module(require('fs').readFileSync('${file}'))).map((one) => one.name)))`;
  return JSON.parse(execFileSync(process.execPath, [...relaxedSimdFlags(), '-e', script], { encoding: 'utf8' })) as string[];
}

for (const variant of ['simd', 'simd-threads', 'relaxed-simd', 'relaxed-simd-threads']) {
  const wasm = readFileSync(`wasm/dist/${variant}/offramp.wasm`);
  const glue = readFileSync(`wasm/dist/${variant}/offramp.mjs`, 'utf8');

  test(`${variant}: at most 1.5 MB raw and 500 KB with brotli`, () => {
    assert.ok(wasm.length <= 1_500_000, `${wasm.length} bytes`);
    const packed = brotliCompressSync(wasm).length;
    assert.ok(packed <= 500_000, `${packed} bytes with brotli`);
  });

  test(`${variant}: works under a strict content security policy: no eval, no Function, no worker from a blob`, () => {
    assert.doesNotMatch(glue, /\beval\(|new Function\(|createObjectURL/);
  });

  // XNNPACK would count cores with a function of its own and choose slower kernels: it must not be among them.
  test(`${variant}: imports only what is known`, () => {
    const known = new Set([...embind, ...own, ...cLibrary, ...(variant.endsWith('-threads') ? threads : [])]);
    const table = /wasmImports\s*=\s*\{([^}]*)\}/.exec(glue)?.[1];
    assert.ok(table !== undefined, 'the glue lists its imports');
    const imports = new Map(table.split(',').map((entry) => entry.split(':') as [string, string]));
    assert.ok(imports.size > 20, `${imports.size} imports`);
    for (const name of importsOf(`wasm/dist/${variant}/offramp.wasm`)) {
      const meaning = imports.get(name);
      assert.ok(meaning !== undefined && known.has(meaning), `unexpected import ${name}: ${meaning}`);
    }
  });
}
