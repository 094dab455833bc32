#include <cmath>

#include "facade.h"

namespace offramp {

Json comparison_json(std::span<const int32_t> labels, std::span<const int32_t> base, std::span<const int32_t> answers,
                     int32_t classes) {
  const Metrics before = measure(labels, base, classes), after = measure(labels, answers, classes);
  const Interval interval = wilson_95(after.accuracy, int64_t(labels.size()));
  // The rows that only one of both gets right: what a paired interval of the change is made from.
  int64_t harmed = 0, mended = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    harmed += base[i] == labels[i] && answers[i] != labels[i];
    mended += base[i] != labels[i] && answers[i] == labels[i];
  }
  Json recall_changes = Json::array();
  for (size_t c = 0; c < size_t(classes); ++c) {
    if (std::isnan(before.class_recall[c])) recall_changes.push_back(nullptr);
    else recall_changes.push_back(100 * (after.class_recall[c] - before.class_recall[c]));
  }
  return {{"accuracy", after.accuracy},
          {"accuracy_95", {interval.low, interval.high}},
          {"accuracy_change_pp", 100 * (after.accuracy - before.accuracy)},
          {"harm_pp", 100 * harm(labels, base, answers)},
          {"harmed", harmed},
          {"mended", mended},
          {"macro_f1", after.macro_f1},
          {"macro_f1_change_pp", 100 * (after.macro_f1 - before.macro_f1)},
          {"class_recall_change_pp", recall_changes}};
}

}  // namespace offramp
