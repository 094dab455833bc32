# Fuzzing for a bounded time, as part of `./run test` and as `./run fuzz [SECONDS]`. Sourced by run.

FUZZ_TARGETS='model package samples'
FUZZ_CORPUS=$ROOT/build/fuzz_corpus
FUZZ_FINDINGS=$ROOT/build/fuzz_findings

# Small inputs to begin with: ONNX's own test models, ours, the zoo's smallest, and what was found before. What libFuzzer
# adds stays for the next run.
gather_corpus() {
  local target
  for target in $FUZZ_TARGETS; do
    mkdir -p "$FUZZ_CORPUS/$target"
    cp -n "$ROOT/tests/fuzz/corpus/$target"/* "$ROOT/tests/fuzz/regressions/$target"/* "$FUZZ_CORPUS/$target/" 2> /dev/null || true
  done
  find "$CONFORMANCE_DATA" -name model.onnx -size -5k | while read -r file; do
    cp -n "$file" "$FUZZ_CORPUS/model/$(basename "$(dirname "$file")")" || true
  done
  cp -n "$ROOT/examples/fashion_mnist/base.onnx" "$FUZZ_CORPUS/model/" || true
  if [ -n "${OFFRAMP_ZOO:-}" ]; then
    find "$OFFRAMP_ZOO" -name '*.onnx' -size -64k -exec cp -n {} "$FUZZ_CORPUS/model/" \; || true
  fi
  "$ROOT/build/fuzz/tests/fuzz/offramp_fuzz_seeds" "$FUZZ_CORPUS/package"
}

# fuzz_targets SECONDS: all targets side by side; a finding is left in FUZZ_FINDINGS and fails. Sets FUZZ_FAILED.
fuzz_targets() {
  local seconds=$1 target processes=()
  FUZZ_FAILED=0
  gather_corpus
  mkdir -p "$FUZZ_FINDINGS" "$ROOT/build/test_logs"
  for target in $FUZZ_TARGETS; do
    # The cap as in the sanitizers' run. A slow unit is a finding too.
    ASAN_OPTIONS=max_allocation_size_mb=1100 nice "$ROOT/build/fuzz/tests/fuzz/offramp_fuzz_$target" \
      -max_total_time="$seconds" -timeout=25 -rss_limit_mb=3000 -max_len=1000000 -print_final_stats=1 \
      -artifact_prefix="$FUZZ_FINDINGS/$target-" "$FUZZ_CORPUS/$target" > "$ROOT/build/test_logs/fuzz_$target.log" 2>&1 &
    processes+=($!)
  done
  for target in $FUZZ_TARGETS; do
    if wait "${processes[0]}"; then
      say "fuzzing $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$ROOT/build/test_logs/fuzz_$target.log") inputs"
    else
      tail -n 40 "$ROOT/build/test_logs/fuzz_$target.log"
      say "fuzzing $target: FOUND something, see $FUZZ_FINDINGS; fix it and keep it in tests/fuzz/regressions/$target"
      FUZZ_FAILED=$((FUZZ_FAILED + 1))
    fi
    processes=("${processes[@]:1}")
  done
}

fuzz() {
  build fuzz
  zoo_environment
  ! find_zoo || export OFFRAMP_ZOO=$ZOO
  fuzz_targets "${1:-60}"
  [ $FUZZ_FAILED = 0 ]
}
