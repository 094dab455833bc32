// `offramp_conformance DATA LIST [--update]` runs ONNX's backend tests in the folder DATA and compares every verdict with
// the one that the file LIST expects, or writes the list anew. A list whose tests or counts are not those found is wrong.
#include <dirent.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "conformance/run_case.h"
#include "probe/probe_support.h"

namespace {

using Verdicts = std::map<std::string, std::string>;  // by "group/test"

constexpr const char* kGroups[] = {"node", "pytorch-converted", "pytorch-operator", "simple"};

std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> names;
  DIR* directory = opendir(folder.c_str());
  if (!directory) return names;
  while (const dirent* entry = readdir(directory))
    if (entry->d_name[0] != '.') names.push_back(entry->d_name);
  closedir(directory);
  std::sort(names.begin(), names.end());
  return names;
}

bool starts_with(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

// "671 pass, 0 fail, 401 unsupported"
std::string count(const Verdicts& verdicts) {
  int64_t pass = 0, fail = 0, unsupported = 0;
  for (const auto& [name, verdict] : verdicts)
    ++(starts_with(verdict, "pass") ? pass : starts_with(verdict, "unsupported") ? unsupported : fail);
  return std::to_string(pass) + " pass, " + std::to_string(fail) + " fail, " + std::to_string(unsupported) +
         " unsupported";
}

struct List {
  std::string counts;
  Verdicts verdicts;
};

List read_list(const char* path) {
  std::ifstream file(path);
  List list;
  for (std::string line; std::getline(file, line);) {
    const size_t space = line.find(' ');
    if (starts_with(line, "# ")) list.counts = line.substr(2);
    else if (space != std::string::npos) list.verdicts[line.substr(0, space)] = line.substr(space + 1);
  }
  return list;
}

void write_list(const char* path, const Verdicts& verdicts) {
  std::ofstream file(path);
  file << "# " << count(verdicts) << "\n";
  for (const auto& [name, verdict] : verdicts) file << name << " " << verdict << "\n";
}

// Prints every disagreement and returns how many there are.
int64_t compare(const List& list, const Verdicts& verdicts, const std::map<std::string, std::string>& details) {
  int64_t wrong = 0;
  for (const auto& [name, verdict] : verdicts) {
    const auto expected = list.verdicts.find(name);
    if (expected != list.verdicts.end() && expected->second == verdict) continue;
    ++wrong;
    const std::string wanted = expected == list.verdicts.end() ? "nothing" : "\"" + expected->second + "\"";
    const auto detail = details.find(name);
    std::printf("%s: \"%s\", the list expects %s%s\n", name.c_str(), verdict.c_str(), wanted.c_str(),
                detail == details.end() ? "" : ("\n  " + detail->second).c_str());
  }
  for (const auto& [name, verdict] : list.verdicts) {
    if (verdicts.count(name)) continue;
    ++wrong;
    std::printf("%s: the list expects \"%s\", there is no such test\n", name.c_str(), verdict.c_str());
  }
  if (list.counts != count(list.verdicts)) {
    ++wrong;
    std::printf("the list says %s, its lines are %s\n", list.counts.c_str(), count(list.verdicts).c_str());
  }
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  const bool update = argc == 4 && std::strcmp(argv[3], "--update") == 0;
  if (argc != 3 && !update) {
    std::fprintf(stderr, "usage: offramp_conformance DATA LIST [--update]\n");
    return 2;
  }
  Verdicts verdicts;
  std::map<std::string, std::string> details;
  for (const std::string group : kGroups)
    for (const std::string& test : entries(std::string(argv[1]) + "/" + group)) {
      const std::string name = group + "/" + test;
      const offramp::CaseResult result = offramp::run_case(std::string(argv[1]) + "/" + name);
      verdicts[name] = result.verdict;
      if (!result.detail.empty()) details[name] = result.detail;
    }
  if (verdicts.empty()) {
    std::printf("there are no tests in %s\n", argv[1]);
    return 1;
  }
  if (update) {
    write_list(argv[2], verdicts);
    for (const auto& [name, detail] : details) std::printf("%s: %s\n", name.c_str(), detail.c_str());
  }
  const int64_t wrong = update ? 0 : compare(read_list(argv[2]), verdicts, details);
  std::printf("verdicts: %lld as expected, %lld not: %s\n", static_cast<long long>(verdicts.size()) - wrong,
              static_cast<long long>(wrong), count(verdicts).c_str());
  return wrong == 0 ? 0 : 1;
}
