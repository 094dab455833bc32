/* Offramp's inference as plain C: what wasm/dist/wasi/offramp.wasm exports to hosts without JavaScript.
 *
 * The module is a WASI reactor: call `_initialize` once, then these functions from one thread at a time. It needs SIMD, bulk memory
 * and the instructions of the threads proposal (its memory is not shared), and imports only wasi_snapshot_preview1, for the message of a failed check.
 * In the module pointers and size_t are i32, int64_t in memory is little-endian. Memory may grow in any call: take views of it anew after each.
 *
 *     session = offramp_create();
 *     offramp_add_file(session, "manifest.json", 13, bytes, length); ... each file of the unpacked package
 *     offramp_open(session, 0);
 *     status = offramp_begin(session, OFFRAMP_F32, dims, 3, data, bytes);
 *     while (status == OFFRAMP_NEEDS_STAGE) status = offramp_go_on(session);
 *     if (status == OFFRAMP_EXITED) use offramp_class(session), offramp_score(session), ...
 *     else print offramp_error(session)
 *
 * What a function returns a pointer to belongs to the session and stays until the next call with it, unless said otherwise.
 * A trap (memory used up, or a bug of ours) ends the whole instance.
 */
#ifndef OFFRAMP_C_H
#define OFFRAMP_C_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OFFRAMP_ABI_VERSION 1

/* A package, and the sample under way. */
typedef struct offramp_session offramp_session;

/* What a call came to. Errors are negative; offramp_error() has the text. */
enum {
  OFFRAMP_OK = 0,
  OFFRAMP_EXITED = 1,      /* there is an answer: offramp_class, _probabilities, _exit, _score */
  OFFRAMP_NEEDS_STAGE = 2, /* offramp_stage is to run on offramp_boundary, here by offramp_go_on or elsewhere */
  OFFRAMP_INVALID_ARGUMENT = -1,
  OFFRAMP_INVALID_MODEL = -2,
  OFFRAMP_UNSUPPORTED = -3,
  OFFRAMP_INVALID_DATA = -4,
  OFFRAMP_INVALID_PACKAGE = -5,
  OFFRAMP_INFEASIBLE = -6,
  OFFRAMP_LIMIT_EXCEEDED = -7,
  OFFRAMP_CANCELLED = -8,
  OFFRAMP_REMOTE = -9,
  OFFRAMP_INTERNAL = -10
};

/* Types of a sample's elements. */
enum {
  OFFRAMP_F32 = 0, OFFRAMP_F64 = 1, OFFRAMP_F16 = 2, OFFRAMP_I64 = 3, OFFRAMP_I32 = 4,
  OFFRAMP_I16 = 5, OFFRAMP_I8 = 6, OFFRAMP_U16 = 7, OFFRAMP_U8 = 8, OFFRAMP_BOOL = 9
};

/* OFFRAMP_ABI_VERSION of the module: changes when a host must change. */
int32_t offramp_abi_version(void);

/* Memory for what a host hands in, aligned to 16 bytes; null when there is none left. Freed by offramp_free alone; null may be freed. */
void* offramp_allocate(size_t bytes);
void offramp_free(void* block);

/* A session without files; freed by offramp_destroy. Null may be destroyed. */
offramp_session* offramp_create(void);
void offramp_destroy(offramp_session* session);

/* A file of the package by its name in it: "manifest.json", "stages/0.onnx". `name` is copied; `bytes` are borrowed until
 * offramp_open has returned and may be freed then. OFFRAMP_OK, or OFFRAMP_INVALID_ARGUMENT after offramp_open. */
int32_t offramp_add_file(offramp_session* session, const char* name, size_t name_length, const uint8_t* bytes, size_t length);

/* Checks and loads the package, once. `partial` not 0: files of stages that run elsewhere may be missing.
 * OFFRAMP_OK, or OFFRAMP_INVALID_PACKAGE, OFFRAMP_INVALID_MODEL, OFFRAMP_UNSUPPORTED or OFFRAMP_LIMIT_EXCEEDED; then the session can only be destroyed. */
int32_t offramp_open(offramp_session* session, int32_t partial);

/* Begins with one raw sample: `rank` (at most 16) sizes, with or without a leading 1 for the row, and `bytes` bytes of elements in C order, both borrowed
 * during the call. It is preprocessed as the package says, then stage 0 runs. A sample that was under way is forgotten.
 * OFFRAMP_EXITED or OFFRAMP_NEEDS_STAGE; OFFRAMP_INVALID_ARGUMENT for a wrong type, shape or number of bytes, or a stage 0 that is not here,
 * OFFRAMP_INVALID_DATA if something is not finite. */
int32_t offramp_begin(offramp_session* session, int32_t dtype, const int64_t* dims, size_t rank, const void* data, size_t bytes);

/* Runs the stage that is needed, here. Results and errors as offramp_begin; OFFRAMP_INVALID_ARGUMENT if none is needed. */
int32_t offramp_go_on(offramp_session* session);

/* Begins with a later stage: `data` is its boundary, f32 of the sizes `dims` with a leading 1. Else as offramp_begin. */
int32_t offramp_run_stage(offramp_session* session, int32_t stage, const int64_t* dims, size_t rank, const float* data, size_t bytes);

/* The decision after `stage`, which ran elsewhere, from its logits, offramp_classes many. OFFRAMP_EXITED, or OFFRAMP_NEEDS_STAGE where the answer is not sure
 * enough: then the next stage's boundary is where this one ran, and offramp_boundary is null.
 * OFFRAMP_INVALID_ARGUMENT for a stage without an exit or another number of logits, OFFRAMP_INVALID_DATA if one is not finite. */
int32_t offramp_judge(offramp_session* session, int32_t stage, const float* logits, size_t count);

/* The answer, also the one of an exit that was not sure enough; where no exit has answered, -1, null, -1 and 0.
 * Probabilities are f32 [offramp_classes]. The exit is the number of the stage that answered. The score lies in [0, 1]. */
int32_t offramp_class(const offramp_session* session);
const float* offramp_probabilities(const offramp_session* session);
int32_t offramp_exit(const offramp_session* session);
float offramp_score(const offramp_session* session);

/* The stage that is needed, -1 if none; its boundary, f32 of `rank` sizes beginning with 1, in C order. */
int32_t offramp_stage(const offramp_session* session);
const float* offramp_boundary(const offramp_session* session);
const int64_t* offramp_boundary_dims(const offramp_session* session);
size_t offramp_boundary_rank(const offramp_session* session);

/* Of an open package; 0 and "" before. The manifest is JSON in UTF-8 ending in 0 and stays until offramp_destroy. */
int32_t offramp_classes(const offramp_session* session);
int32_t offramp_stage_count(const offramp_session* session);
int32_t offramp_has_stage(const offramp_session* session, int32_t stage);
const char* offramp_manifest(const offramp_session* session);

/* Why the last call failed, in UTF-8 ending in 0: what was seen, what is allowed, and where. "" if it did not. */
const char* offramp_error(const offramp_session* session);

#ifdef __cplusplus
}
#endif
#endif
