# `./run test`: every test, and one line of counts at the end. Sourced by run.

PASSED=0
FAILED=0
SKIPPED=0
CONFORMANCE_DATA=/usr/share/libonnx-testdata/data
CONFORMANCE_LIST=$ROOT/tests/conformance/expected.txt

# count NAME STATUS PASSED FAILED [SKIPPED]: a suite that died without naming a failure counts as one.
count() {
  local failed=$4 skipped=${5:-0}
  if [ "$2" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  PASSED=$((PASSED + $3))
  FAILED=$((FAILED + failed))
  SKIPPED=$((SKIPPED + skipped))
  SUMMARY+=$(printf '\n%-28s %5d passed, %d failed, %d skipped' "$1" "$3" "$failed" "$skipped")
}

# doctest_suite NAME COMMAND...
doctest_suite() {
  local name=$1 log=$ROOT/build/test_logs/$1.log status=0 line
  shift
  say "$name"
  # Not `|| true` behind the pipe: that would replace PIPESTATUS, and a crash would pass.
  set +e
  (cd "$ROOT" && "$@" --no-intro=true --no-colors=true) 2>&1 | tee "$log" | grep -v '^\[doctest\] Status: SUCCESS'
  status=${PIPESTATUS[0]}
  set -e
  line=$(grep -a '\[doctest\] test cases:' "$log" | tail -n 1 || true)
  count "$name" "$status" "$(number_before passed "$line")" "$(number_before failed "$line")"
}

number_before() {
  local number
  number=$(printf '%s' "$2" | sed -n "s/.*[^0-9]\([0-9][0-9]*\) $1.*/\1/p")
  echo "${number:-0}"
}

# node_suite NAME FILE...: tests for Node's own runner, already compiled
node_suite() {
  local name=$1 log=$ROOT/build/test_logs/$1.tap status=0
  shift
  say "$name"
  (cd "$ROOT" && node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$log" "$@") || status=$?
  count "$name" $status "$(sed -n 's/^# pass //p' "$log")" "$(sed -n 's/^# fail //p' "$log")" \
    "$(sed -n 's/^# skipped //p' "$log")"
}

# check_suite FILE...: scripts that pass by exiting with 0
check_suite() {
  local file status passed=0 failed=0
  for file in "$@"; do
    say "check ${file##*/}"
    status=0
    case $file in
      *.py) (cd "$ROOT" && /usr/bin/python3 "$file") || status=$? ;;
      *) (cd "$ROOT" && bash "$file") || status=$? ;;
    esac
    if [ $status = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  count checks 0 $passed $failed
}

# conformance_suite NAME COMMAND...: ONNX's backend tests against the committed list
conformance_suite() {
  local name=$1 log=$ROOT/build/test_logs/$1.log status=0
  shift
  say "$name"
  "$@" "$CONFORMANCE_DATA" "$CONFORMANCE_LIST" > "$log" 2>&1 || status=$?
  cat "$log"
  count "$name" $status "$(number_before 'as expected' "$(tail -n 1 "$log")")" "$(number_before 'not:' "$(tail -n 1 "$log")")"
  SUMMARY+=" ($(tail -n 1 "$log" | sed -n 's/.*not: //p'))"
}

# `./run conformance`: writes the list anew.
update_conformance() {
  build native
  "$ROOT/build/native/tests/offramp_conformance" "$CONFORMANCE_DATA" "$CONFORMANCE_LIST" --update
}

# Sets OFFRAMP_ZOO. Where PyTorch cannot be had there is none, and its tests count as skipped: only without a network in CI.
use_zoo() {
  unset OFFRAMP_ZOO
  if find_zoo; then
    export OFFRAMP_ZOO=$ZOO
    return
  fi
  if [ "${CI:-}" = true ] && (debian13_apt && apt-get -qq "${DEBIAN13[@]}" -o APT::Update::Error-Mode=any update); then
    die "CI demands the zoo wherever Debian's packages can be reached"
  fi
  say "NO ZOO: PyTorch could not be had, so no model as exporters write them is tested; ./run zoo tells more"
}

run_tests() {
  local files start=$SECONDS
  SUMMARY=
  # Real samples and models, beside the checkout unless told otherwise.
  export OFFRAMP_DATA=${OFFRAMP_DATA:-$(realpath -m "$ROOT/../shared/data")}
  if [ ! -d "$OFFRAMP_DATA/cifar10" ]; then
    [ "${CI:-}" != true ] || die "CI demands the real data, and $OFFRAMP_DATA is not there; set OFFRAMP_DATA"
    say "no real data in $OFFRAMP_DATA: tests that need it are skipped (OFFRAMP_DATA names another folder)"
    unset OFFRAMP_DATA
  fi
  build all
  use_zoo
  use_hosts
  use_interop
  rm -rf "$ROOT/build/test_logs"
  mkdir -p "$ROOT/build/test_logs"
  if [ -e "$ROOT/build/native/tests/offramp_tests" ]; then
    doctest_suite core-native "$ROOT/build/native/tests/offramp_tests"
    # The cap: no hostile input makes the core ask for more than one tensor's limit at once.
    ASAN_OPTIONS=max_allocation_size_mb=1100 doctest_suite core-sanitizers "$ROOT/build/asan/tests/offramp_tests"
    doctest_suite core-wasm node "$ROOT/build/wasm/tests/offramp_tests.js"
    conformance_suite conformance-native "$ROOT/build/native/tests/offramp_conformance"
    conformance_suite conformance-wasm node "$ROOT/build/wasm/tests/offramp_conformance.js"
  fi
  export OFFRAMP_FUZZ_SECONDS=${OFFRAMP_FUZZ_SECONDS:-$([ "${CI:-}" = true ] && echo 60 || echo 10)}
  say "fuzzing for $OFFRAMP_FUZZ_SECONDS s"
  fuzz_targets "$OFFRAMP_FUZZ_SECONDS"
  count fuzz 0 $(($(wc -w <<< "$FUZZ_TARGETS") - FUZZ_FAILED)) $FUZZ_FAILED
  for suite in oip wasm cli serve export web hosts interop bench results zoo fuzz; do
    mapfile -t files < <(find "$ROOT/build/ts/tests/$suite" -name '*.test.js' 2>/dev/null | sort)
    [ ${#files[@]} = 0 ] || node_suite "$suite" "${files[@]}"
  done
  mapfile -t files < <(find "$ROOT/tests/checks" -name '*_check.py' -o -name '*_check.sh' 2>/dev/null | sort)
  [ ${#files[@]} = 0 ] || check_suite "${files[@]}"

  printf '%s\n\nall tests in %d s\n%d passed, %d failed, %d skipped\n' "$SUMMARY" $((SECONDS - start)) $PASSED $FAILED $SKIPPED
  [ $FAILED = 0 ] && [ $PASSED != 0 ]
}
