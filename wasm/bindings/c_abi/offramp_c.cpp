// The C-ABI over the staged runtime. Bindings convert, the core decides: a session holds what its pointers point to.
#include "offramp_c.h"

#include <cstdlib>
#include <cstring>
#include <optional>

#include "../tensor_errors.h"

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

using namespace offramp;

struct offramp_session {
  std::vector<PackageSource> files;
  bool closed = false;  // for files: the package was opened, or is not one
  std::unique_ptr<StagedRuntime> runtime;
  std::string manifest, error;
  std::optional<Exited> answer;
  std::optional<Activation> needed;  // the boundary of `stage`, as the runtime left it
  int32_t stage = -1;
  Tensor boundary;  // the same in plain form
};

namespace {

static_assert(int(DType::kBool) == OFFRAMP_BOOL && int(DType::kF16) == OFFRAMP_F16 && int(DType::kU8) == OFFRAMP_U8);
static_assert(-1 - int(ErrorCode::kInternal) == OFFRAMP_INTERNAL && -1 - int(ErrorCode::kInvalidPackage) == OFFRAMP_INVALID_PACKAGE);

int32_t fail(offramp_session& session, const Error& error) {
  session.error = error.to_string();
  return -1 - int32_t(error.code);
}

void forget_sample(offramp_session& session) {
  session.error.clear();
  session.answer.reset();
  session.needed.reset();
  session.stage = -1;
  session.boundary = Tensor();
}

int32_t keep(offramp_session& session, Result<StageResult> result) {
  if (!result) return fail(session, result.error());
  if (auto* exited = std::get_if<Exited>(&*result)) {
    session.answer = std::move(*exited);
    return OFFRAMP_EXITED;
  }
  auto& needs = std::get<NeedsStage>(*result);
  if (!needs.early.probabilities.empty()) session.answer = std::move(needs.early);
  session.boundary = needs.boundary.plain();
  session.needed = std::move(needs.boundary);
  session.stage = needs.stage;
  return OFFRAMP_NEEDS_STAGE;
}

Status check_open(const offramp_session& session) {
  if (!session.runtime) return invalid_argument("no package is open");
  return {};
}

Result<Tensor> copy_in(int32_t dtype, const int64_t* sizes, size_t rank, const void* data, size_t bytes) {
  if (dtype < OFFRAMP_F32 || dtype > OFFRAMP_BOOL) return invalid_argument("unknown element type " + std::to_string(dtype) + ": expected 0 to 9");
  if (rank > size_t(kMaxRank)) return too_many_dimensions(int(rank));
  OFFRAMP_TRY(Tensor tensor, Tensor::create(DType(dtype), Dims(sizes, sizes + rank)));
  if (bytes != tensor.bytes()) return wrong_bytes(tensor, bytes);
  if (bytes > 0) std::memcpy(tensor.mutable_raw(), data, bytes);
  return tensor;
}

}  // namespace

extern "C" {

EXPORT(offramp_abi_version) int32_t offramp_abi_version(void) { return OFFRAMP_ABI_VERSION; }

EXPORT(offramp_allocate) void* offramp_allocate(size_t bytes) { return std::malloc(bytes); }
EXPORT(offramp_free) void offramp_free(void* block) { std::free(block); }

EXPORT(offramp_create) offramp_session* offramp_create(void) { return new offramp_session; }
EXPORT(offramp_destroy) void offramp_destroy(offramp_session* session) { delete session; }

EXPORT(offramp_add_file)
int32_t offramp_add_file(offramp_session* session, const char* name, size_t name_length, const uint8_t* bytes, size_t length) {
  session->error.clear();
  if (session->closed) return fail(*session, invalid_argument("files come before the package is opened"));
  session->files.push_back({std::string(name, name_length), std::span(bytes, length)});
  return OFFRAMP_OK;
}

EXPORT(offramp_open) int32_t offramp_open(offramp_session* session, int32_t partial) {
  session->error.clear();
  if (session->closed) return fail(*session, invalid_argument("a session opens one package"));
  session->closed = true;
  const std::vector<PackageSource> files = std::move(session->files);
  auto package = load_package(files, {.partial = partial != 0});
  if (!package) return fail(*session, package.error());
  auto runtime = StagedRuntime::create(std::move(*package), {});
  if (!runtime) return fail(*session, runtime.error());
  session->runtime = std::move(*runtime);
  session->manifest = session->runtime->package().manifest.dump();
  return OFFRAMP_OK;
}

EXPORT(offramp_begin)
int32_t offramp_begin(offramp_session* session, int32_t dtype, const int64_t* dims, size_t rank, const void* data, size_t bytes) {
  forget_sample(*session);
  const auto work = [&]() -> Result<StageResult> {
    OFFRAMP_RETURN_IF_ERROR(check_open(*session));
    OFFRAMP_TRY(const Tensor sample, copy_in(dtype, dims, rank, data, bytes));
    return session->runtime->begin(sample);
  };
  return keep(*session, work());
}

EXPORT(offramp_go_on) int32_t offramp_go_on(offramp_session* session) {
  if (!session->needed) return fail(*session, invalid_argument("no stage is needed: begin with a sample"));
  const Activation boundary = std::move(*session->needed);
  const int32_t stage = session->stage;
  forget_sample(*session);
  return keep(*session, session->runtime->run_stage(stage, boundary));
}

EXPORT(offramp_run_stage)
int32_t offramp_run_stage(offramp_session* session, int32_t stage, const int64_t* dims, size_t rank, const float* data, size_t bytes) {
  forget_sample(*session);
  const auto work = [&]() -> Result<StageResult> {
    OFFRAMP_RETURN_IF_ERROR(check_open(*session));
    OFFRAMP_TRY(Tensor boundary, copy_in(OFFRAMP_F32, dims, rank, data, bytes));
    return session->runtime->run_stage(stage, std::move(boundary));
  };
  return keep(*session, work());
}

EXPORT(offramp_judge) int32_t offramp_judge(offramp_session* session, int32_t stage, const float* logits, size_t count) {
  forget_sample(*session);
  const auto work = [&]() -> Result<std::vector<Verdict>> {
    OFFRAMP_RETURN_IF_ERROR(check_open(*session));
    const int64_t dims[] = {1, int64_t(count)};
    OFFRAMP_TRY(const Tensor row, copy_in(OFFRAMP_F32, dims, 2, logits, count * sizeof(float)));
    return session->runtime->judge(stage, row);
  };
  auto verdicts = work();
  if (!verdicts) return fail(*session, verdicts.error());
  session->answer = std::move(verdicts->front().answer);
  if (verdicts->front().stands) return OFFRAMP_EXITED;
  session->stage = stage + 1;
  return OFFRAMP_NEEDS_STAGE;
}

EXPORT(offramp_class) int32_t offramp_class(const offramp_session* session) { return session->answer ? session->answer->predicted_class : -1; }
EXPORT(offramp_probabilities) const float* offramp_probabilities(const offramp_session* session) {
  return session->answer ? session->answer->probabilities.data() : nullptr;
}
EXPORT(offramp_exit) int32_t offramp_exit(const offramp_session* session) { return session->answer ? session->answer->exit : -1; }
EXPORT(offramp_score) float offramp_score(const offramp_session* session) { return session->answer ? session->answer->score : 0; }

EXPORT(offramp_stage) int32_t offramp_stage(const offramp_session* session) { return session->stage; }
EXPORT(offramp_boundary) const float* offramp_boundary(const offramp_session* session) {
  return session->needed ? session->boundary.data<float>().data() : nullptr;
}
EXPORT(offramp_boundary_dims) const int64_t* offramp_boundary_dims(const offramp_session* session) { return session->boundary.dims().data(); }
EXPORT(offramp_boundary_rank) size_t offramp_boundary_rank(const offramp_session* session) { return session->needed ? session->boundary.dims().size() : 0; }

EXPORT(offramp_classes) int32_t offramp_classes(const offramp_session* session) { return session->runtime ? session->runtime->package().classes : 0; }
EXPORT(offramp_stage_count) int32_t offramp_stage_count(const offramp_session* session) {
  return session->runtime ? int32_t(session->runtime->package().stages.size()) : 0;
}
EXPORT(offramp_has_stage) int32_t offramp_has_stage(const offramp_session* session, int32_t stage) {
  return session->runtime && session->runtime->has_stage(stage);
}
EXPORT(offramp_manifest) const char* offramp_manifest(const offramp_session* session) { return session->manifest.c_str(); }
EXPORT(offramp_error) const char* offramp_error(const offramp_session* session) { return session->error.c_str(); }

}  // extern "C"
