// What a certificate says in plain words, whole, in each of its outcomes.
#include <doctest/doctest.h>

#include "facade.h"

namespace offramp {
namespace {

CertificateResult tested(int64_t rows, int64_t losses, bool passed) {
  CertificateResult result;
  result.rows = rows;
  result.rows_needed = 299;
  result.plans_tested = 5;
  const Certificate plan{{}, 3, rows, losses, double(losses) / double(rows), 0.04};
  (passed ? result.certificate : result.failed) = plan;
  return result;
}

TEST_CASE("certificate text: given, and how far it reaches") {
  const CertificateResult result = tested(500, 1, true);
  const Json json = certificate_json(result);
  CHECK(json["alpha"] == 0.01);
  CHECK(json["delta"] == 0.05);
  CHECK(json["rows"] == 500);
  CHECK(json["losses"] == 1);
  CHECK(json["risk"] == 0.002);
  CHECK(json["p_value"] == 0.04);
  CHECK(json["loss"] == "harm");
  CHECK(json["plain"] ==
        "with 95 % confidence, early exits spoil an answer that the model alone gets right in at most 1 % of inputs: it happened in 1 of "
        "500 certify rows, which nothing else was chosen on. This holds for inputs drawn independently from the same source as these rows");
  const Json search = certify_search_json({}, result, true);
  CHECK(search["rows_needed"] == 299);
  CHECK(search["plans_tested"] == 5);
  CHECK(search["plain"] == "the plan that keeps the limit is certified as it is");
  CHECK(certify_search_json({}, result, false)["plain"] == "the boldest form of the plan that could be certified was taken");
}

TEST_CASE("certificate text: none, and why") {
  const CertificateResult few = tested(120, 0, false);
  CHECK(certificate_json(few).is_null());
  CHECK(certify_search_json({.alpha = 0.005, .delta = 0.001}, few, false)["plain"] ==
        "no certificate: 120 certify rows are too few to say with 99.9 % confidence that early exits spoil an answer that the model alone "
        "gets right in at most 0.5 % of inputs; at least 299 are needed, should none of them be spoilt. The plan is the one that the search "
        "chose");
  CHECK(certify_search_json({.alpha = 0.0125}, tested(500, 9, false), false)["plain"] ==
        "no certificate: even the safest plan spoilt 9 of 500 certify rows, too many to say with 95 % confidence that early exits spoil an "
        "answer that the model alone gets right in at most 1.25 % of inputs. The model is left without exits");
  CertificateResult nothing;
  nothing.rows = nothing.rows_needed = 299;
  CHECK(certify_search_json({}, nothing, true)["plain"] == "nothing to certify: the search left the model without exits");
}

}  // namespace
}  // namespace offramp
