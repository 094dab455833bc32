// What a certificate says, in JSON and in plain words.
#include <string>

#include "facade.h"

namespace offramp {
namespace {

// 0.01 as "1 %", 0.005 as "0.5 %": up to two decimals, no zeros at the end.
std::string percent(double share) {
  const auto hundredths = int64_t(share * 1e4 + 0.5);
  std::string text = std::to_string(hundredths / 100);
  if (const int64_t rest = hundredths % 100; rest > 0) {
    text += "." + std::string(rest < 10 ? "0" : "") + std::to_string(rest);
    if (text.back() == '0') text.pop_back();
  }
  return text + " %";
}

std::string promise(const CertificateOptions& asked) {
  const char* what = asked.loss == Loss::kHarm ? "early exits spoil an answer that the model alone gets right"
                                               : "an early answer differs from the model's own";
  return std::string(what) + " in at most " + percent(asked.alpha) + " of inputs";
}

std::string plain_words(const Certificate& c) {
  return "with " + percent(1 - c.promise.delta) + " confidence, " + promise(c.promise) + ": it happened in " + std::to_string(c.losses) +
         " of " + std::to_string(c.rows) + " certify rows, which nothing else was chosen on. This holds for inputs drawn independently from the same source as these rows";
}

}  // namespace

Json certificate_json(const CertificateResult& result) {
  if (!result.certificate) return nullptr;
  const Certificate& c = *result.certificate;
  return {{"alpha", c.promise.alpha}, {"delta", c.promise.delta}, {"rows", c.rows},
          {"losses", c.losses},       {"risk", c.risk},           {"p_value", c.p_value},
          {"loss", to_string(c.promise.loss)}, {"plain", plain_words(c)}};
}

Json certify_search_json(const CertificateOptions& asked, const CertificateResult& result, bool bounded) {
  std::string plain;
  if (result.certificate) {
    plain = bounded && !result.failed ? "the plan that keeps the limit is certified as it is"
                                      : "the boldest form of the plan that could be certified was taken";
  } else if (result.rows < result.rows_needed) {
    plain = "no certificate: " + std::to_string(result.rows) + " certify rows are too few to say with " + percent(1 - asked.delta) +
            " confidence that " + promise(asked) + "; at least " + std::to_string(result.rows_needed) +
            " are needed, should none of them be spoilt. The plan is the one that the search chose";
  } else if (result.plans_tested == 0) {
    plain = "nothing to certify: the search left the model without exits";
  } else {
    plain = "no certificate: even the safest plan spoilt " + std::to_string(result.failed->losses) + " of " + std::to_string(result.rows) +
            " certify rows, too many to say with " + percent(1 - asked.delta) + " confidence that " + promise(asked) +
            ". The model is left without exits";
  }
  return {{"alpha", asked.alpha}, {"delta", asked.delta}, {"rows_needed", result.rows_needed}, {"plans_tested", result.plans_tested}, {"plain", plain}};
}

}  // namespace offramp
