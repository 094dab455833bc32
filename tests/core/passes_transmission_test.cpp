// A compressed cut as nodes of the graph: what runs behind it sees what encode and decode make of the boundary.
#include "core/package_fixture.h"

#include "passes/passes.h"

using namespace offramp;
using namespace offramp::test;

namespace {

std::vector<Tensor> run(const Graph& graph, Backend backend, const Tensor& input) {
  auto session = Session::create(graph, {backend});
  REQUIRE_MESSAGE(session.ok(), session.error().to_string());
  auto outputs = (*session)->run({&input, 1});
  REQUIRE_MESSAGE(outputs.ok(), outputs.error().to_string());
  return std::move(outputs).value();
}

}  // namespace

TEST_CASE("a transmission in the graph is that of base/encoding.h, row by row") {
  for (const char* text : {kMapBackbone, kSignalBackbone})
    for (Backend backend : {Backend::kReference, Backend::kXnnpack})
      for (Encoding encoding : {Encoding::kF32, Encoding::kF16, Encoding::kU8}) {
        const Graph plain = graph_of(text);
        for (const char* name : {text == kMapBackbone ? "low" : "wave", text == kMapBackbone ? "f" : "d"}) {
          const ValueId cut = plain.find_value(name);
          const ValueId end = plain.outputs[0];
          const Tensor input = random_input(offramp::bind(*plain.value(plain.inputs[0]).shape, 5), 3);

          Graph front = plain;
          front.outputs = {cut};
          Tensor boundary = run(front, backend, input)[0];
          REQUIRE(transmit_rows(boundary, encoding).ok());
          auto back = extract_subgraph(plain, {cut}, {end});
          REQUIRE(back.ok());
          const Tensor wanted = run(*back, backend, boundary)[0];

          Graph whole = plain;
          REQUIRE(add_transmission(whole, cut, encoding).ok());
          REQUIRE(infer_shapes(whole).ok());
          REQUIRE(validate(whole).ok());
          whole.outputs = {end, cut};
          const std::vector<Tensor> got = run(whole, backend, input);
          for (size_t i = 0; i < wanted.data<float>().size(); ++i)
            CHECK(got[0].data<float>()[i] == doctest::Approx(wanted.data<float>()[i]).epsilon(1e-6));
          // A head at the cut stands before the link: it sees the boundary itself.
          const Tensor sent = run(front, backend, input)[0];
          for (size_t i = 0; i < sent.data<float>().size(); ++i) CHECK(got[1].data<float>()[i] == sent.data<float>()[i]);
          // The encoding really changed something.
          const Tensor before = run(plain, backend, input)[0];
          bool same = true;
          for (size_t i = 0; i < before.data<float>().size(); ++i) same = same && before.data<float>()[i] == got[0].data<float>()[i];
          CHECK(same == (encoding == Encoding::kF32));
        }
      }
}

TEST_CASE("only values of f32 with one row per sample are sent") {
  Graph graph = graph_of(kMapBackbone);
  CHECK(add_transmission(graph, graph.find_value("w1"), Encoding::kU8).error().to_string() ==
        "value \"w1\" cannot be sent as u8: it must be f32 [N, ...] of known shape");
}
