#include "samples/samples.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "augment_options.h"
#include "targets.h"

namespace offramp::fuzz {
namespace {

constexpr int64_t kBytes = 1 << 20;

std::optional<Tensor> read_tensor(std::span<const uint8_t> bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto dtype = DType(bytes[0] % 10);
  const size_t rank = bytes[1] % 5;
  if (bytes.size() < 2 + rank) return std::nullopt;
  const Dims dims(bytes.begin() + 2, bytes.begin() + 2 + int64_t(rank));
  const auto count = checked_element_count(dims);
  if (!count || *count * int64_t(byte_size(dtype)) > kBytes) return std::nullopt;
  auto tensor = Tensor::create(dtype, dims);
  if (!tensor) return std::nullopt;
  bytes = bytes.subspan(2 + rank);
  std::memcpy(tensor->mutable_raw(), bytes.data(), std::min(bytes.size(), tensor->bytes()));
  return std::move(*tensor);
}

}  // namespace

std::string read_samples(std::span<const uint8_t> bytes) {
  const auto zero = std::find(bytes.begin(), bytes.end(), uint8_t{0});
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), size_t(zero - bytes.begin()));
  auto json = parse_json(text, ErrorCode::kInvalidData);
  if (!json) return std::string(to_string(json.error().code));
  if (json->is_object()) {
    const auto options = read_augment_options(*json);
    return options ? "run" : std::string(to_string(options.error().code));
  }
  const auto preprocess = Preprocess::parse(*json);
  if (!preprocess) return std::string(to_string(preprocess.error().code));
  const auto tensor = read_tensor(zero == bytes.end() ? bytes.last(0) : bytes.subspan(text.size() + 1));
  if (!tensor) return "large";
  const auto applied = preprocess->apply(*tensor);
  const auto dims = preprocess->output_dims(tensor->dims());
  // What apply() does, output_dims() foretells.
  if (applied.ok() != dims.ok() || (applied && applied->dims() != *dims)) return "internal";
  return applied ? "run" : std::string(to_string(applied.error().code));
}

}  // namespace offramp::fuzz
