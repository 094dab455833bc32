# `./run build`. Sourced by run.

# build_preset PRESET [TARGET]: configures when there is no build folder yet or the dependencies have moved, and builds.
build_preset() {
  local preset=$1 target=${2:-all} directory=$ROOT/build/$1 dependencies
  mkdir -p "$directory"
  exec 8> "$directory/lock"
  flock -w 2 8 || { say "waiting for another build of $preset"; flock 8; }
  case $preset in
    wasm) dependencies=$(realpath "$ROOT/build/deps/wasm" "$ROOT/build/deps/emscripten" "$ROOT") ;;
    *) dependencies=$(realpath "$ROOT/build/deps/native" "$ROOT") ;;
  esac
  if [ "$(cat "$directory/dependencies" 2> /dev/null)" != "$dependencies" ]; then
    rm -f "$directory/CMakeCache.txt"
    step "configuring $preset" cmake -S "$ROOT" --preset "$preset"
    echo "$dependencies" > "$directory/dependencies"
  fi
  step "building $preset" nice cmake --build "$directory" --target "$target" -j "$JOBS"
  exec 8>&-
}

build_typescript() {
  [ -e "$ROOT/node_modules/.bin/tsc" ] || die "no TypeScript compiler: run ./run setup"
  [ -e "$ROOT/node_cli/tsconfig.json" ] || { say "no TypeScript yet"; return 0; }
  (cd "$ROOT" && node_modules/.bin/tsc -b) >&2 || die "TypeScript does not compile"
}

# Checks and builds the page, unless nothing that it is made of has changed since.
build_web() {
  local folder=$ROOT/web stamp=$ROOT/build/web.stamp inputs
  mkdir -p "$ROOT/build"
  exec 8> "$ROOT/build/web.lock"
  flock -w 2 8 || { say "waiting for another build of the page"; flock 8; }
  inputs=$(cd "$ROOT" && find web oip/dist wasm/dist node_cli/dist/report examples -type f -not -path 'web/dist/*' -not -path '*/node_modules/*' -not -name '*.tsbuildinfo' -print0 \
    | sort -z | xargs -0 sha256sum package-lock.json | key_of)
  if [ -e "$folder/dist/index.html" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$inputs" ]; then return 0; fi
  rm -f "$stamp"
  step "checking the page" npm --prefix "$folder" run --silent check
  step "building the page" npm --prefix "$folder" run --silent build
  echo "$inputs" > "$stamp"
  exec 8>&-
}

build() {
  local part needs=()
  [ $# != 0 ] && [ "$1" != all ] || set -- native asan fuzz wasm ts web
  for part in "$@"; do
    case $part in
      native | asan | fuzz) needs+=(native) ;;
      wasm | module) needs+=(wasm) ;;
      ts) needs+=(npm) ;;
      web | bench) needs+=(wasm npm) ;;
      *) die "build: native, asan, fuzz, wasm, module, ts, web, bench or all; not '$part'" ;;
    esac
  done
  setup "${needs[@]}"
  for part in "$@"; do
    case $part in
      ts) build_typescript ;;
      module) build_preset wasm offramp_modules ;;
      web)
        build_preset wasm offramp_modules
        build_typescript
        build_web
        ;;
      bench)
        build_preset wasm offramp_modules
        build_preset wasm offramp_bare
        build_typescript
        ;;
      *) build_preset "$part" ;;
    esac
  done
}
