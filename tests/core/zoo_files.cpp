#include "zoo_files.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/json.h"

namespace offramp {
namespace {

std::vector<uint8_t> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CAPTURE(path);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<ZooModel> read_zoo() {
  const char* folder = std::getenv("OFFRAMP_ZOO");
  std::vector<ZooModel> models;
  if (!folder) return models;
  const std::vector<uint8_t> list = read_bytes(std::string(folder) + "/zoo.json");
  const auto json = parse_json({reinterpret_cast<const char*>(list.data()), list.size()}, ErrorCode::kInvalidData);
  REQUIRE(json.ok());
  for (const Json& model : *json) {
    const auto name = model["name"].get<std::string>();
    models.push_back({name, model["dtype"].get<std::string>(), read_bytes(std::string(folder) + "/" + name + ".onnx")});
  }
  return models;
}

}  // namespace offramp
