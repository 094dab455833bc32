/* Runs a package on rows under WasmEdge, through Offramp's C-ABI (wasm/dist/wasi/offramp_c.h says what each call does).
 *
 * cc run.c -lwasmedge -o run
 * usage: run offramp.wasm FOLDER rows.f32 SIZE...   FOLDER is an unpacked package; rows are f32, one behind the other, of the shape [SIZE, ...] each.
 * Prints a line of JSON per row: class, exit, score, probabilities.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasmedge/wasmedge.h>

enum { kExited = 1, kNeedsStage = 2, kF32 = 0, kMostSizes = 16, kMostArguments = 6 };

static WasmEdge_VMContext *vm;
static WasmEdge_MemoryInstanceContext *memory;
static int32_t session;

static void die(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void must(WasmEdge_Result result, const char *what) {
  if (!WasmEdge_ResultOK(result)) die(what, WasmEdge_ResultGetMessage(result));
}

/* Calls an export with i32 arguments; its one result, if any, goes to *result. */
static void invoke(const char *name, const int32_t *arguments, uint32_t count, WasmEdge_Value *result) {
  WasmEdge_Value values[kMostArguments];
  for (uint32_t i = 0; i < count; ++i) values[i] = WasmEdge_ValueGenI32(arguments[i]);
  must(WasmEdge_VMExecute(vm, WasmEdge_StringWrap(name, (uint32_t)strlen(name)), values, count, result, result ? 1 : 0), name);
}

static int32_t call(const char *name, const int32_t *arguments, uint32_t count) {
  WasmEdge_Value result;
  invoke(name, arguments, count, &result);
  return WasmEdge_ValueGetI32(result);
}
#define CALL(name, ...) call(name, (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

/* Anew after each call: the module's memory may have moved. */
static const void *at(int32_t offset, uint32_t bytes) {
  const void *pointer = WasmEdge_MemoryInstanceGetPointerConst(memory, (uint32_t)offset, bytes);
  if (!pointer) die("memory", "out of bounds");
  return pointer;
}

static int32_t copy_in(const void *data, size_t bytes) {
  const int32_t block = CALL("offramp_allocate", (int32_t)bytes);
  if (block == 0) die("offramp_allocate", "no memory left");
  must(WasmEdge_MemoryInstanceSetData(memory, data, (uint32_t)block, (uint32_t)bytes), "copying in");
  return block;
}

static void release(int32_t block) { invoke("offramp_free", &block, 1, NULL); }

static int32_t check(int32_t status) {
  if (status < 0) die("offramp", at(CALL("offramp_error", session), 1));
  return status;
}

static char *read_file(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path, "cannot be opened");
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  char *content = malloc(*bytes + 1);
  if (!content || fread(content, 1, *bytes, file) != *bytes) die(path, "cannot be read");
  fclose(file);
  return content;
}

/* Hands a file of the package in; its block in the module, to be freed once the package is open. */
static int32_t add_file(const char *folder, const char *name) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) die(folder, "too long a path");
  size_t bytes;
  char *content = read_file(path, &bytes);
  const int32_t label = copy_in(name, strlen(name)), data = copy_in(content, bytes);
  check(CALL("offramp_add_file", session, label, (int32_t)strlen(name), data, (int32_t)bytes));
  release(label);
  free(content);
  return data;
}

static void open_package(const char *folder) {
  int32_t blocks[64] = {add_file(folder, "manifest.json")};
  int count = 1;
  for (; count < 64; ++count) {
    char name[32], path[4096];
    snprintf(name, sizeof name, "stages/%d.onnx", count - 1);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *there = fopen(path, "rb");
    if (!there) break;
    fclose(there);
    blocks[count] = add_file(folder, name);
  }
  check(CALL("offramp_open", session, 0));
  while (count > 0) release(blocks[--count]);
}

static void answer(const int64_t *sizes, uint32_t rank, const char *row, size_t bytes) {
  const int32_t dims = copy_in(sizes, rank * sizeof *sizes), data = copy_in(row, bytes);
  int32_t status = check(CALL("offramp_begin", session, kF32, dims, (int32_t)rank, data, (int32_t)bytes));
  release(dims);
  release(data);
  while (status == kNeedsStage) status = check(CALL("offramp_go_on", session));
  WasmEdge_Value score;
  invoke("offramp_score", &session, 1, &score);
  printf("{\"class\": %d, \"exit\": %d, \"score\": %.9g, \"probabilities\": [", CALL("offramp_class", session), CALL("offramp_exit", session),
         WasmEdge_ValueGetF32(score));
  const int32_t classes = CALL("offramp_classes", session);
  const float *probabilities = at(CALL("offramp_probabilities", session), (uint32_t)classes * sizeof(float));
  for (int32_t i = 0; i < classes; ++i) printf("%s%.9g", i ? ", " : "", probabilities[i]);
  printf("]}\n");
}

int main(int argc, char **argv) {
  if (argc < 5 || argc - 4 > kMostSizes) die("usage", "run offramp.wasm FOLDER rows.f32 SIZE...");
  int64_t sizes[kMostSizes];
  const uint32_t rank = (uint32_t)argc - 4;
  size_t row_bytes = sizeof(float);
  for (uint32_t i = 0; i < rank; ++i) row_bytes *= (size_t)(sizes[i] = strtoll(argv[4 + i], NULL, 10));
  size_t bytes;
  char *rows = read_file(argv[3], &bytes);
  if (row_bytes == 0 || bytes % row_bytes != 0) die(argv[3], "not a number of whole rows");

  WasmEdge_ConfigureContext *configure = WasmEdge_ConfigureCreate();
  WasmEdge_ConfigureAddHostRegistration(configure, WasmEdge_HostRegistration_Wasi);
  WasmEdge_ConfigureAddProposal(configure, WasmEdge_Proposal_Threads); /* for instructions: no thread is started */
  vm = WasmEdge_VMCreate(configure, NULL);
  must(WasmEdge_VMLoadWasmFromFile(vm, argv[1]), argv[1]);
  must(WasmEdge_VMValidate(vm), argv[1]);
  must(WasmEdge_VMInstantiate(vm), argv[1]);
  memory = WasmEdge_ModuleInstanceFindMemory(WasmEdge_VMGetActiveModule(vm), WasmEdge_StringWrap("memory", 6));
  invoke("_initialize", NULL, 0, NULL);
  WasmEdge_Value created;
  invoke("offramp_create", NULL, 0, &created);
  session = WasmEdge_ValueGetI32(created);
  open_package(argv[2]);
  for (size_t row = 0; row < bytes; row += row_bytes) answer(sizes, rank, rows + row, row_bytes);
  free(rows);
  WasmEdge_VMDelete(vm);
  WasmEdge_ConfigureDelete(configure);
  return 0;
}
