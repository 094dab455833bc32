# `./run build`. Sourced by run.

# build_preset PRESET: configures once (Ninja repeats it when a CMake file changes) and builds.
build_preset() {
  local preset=$1
  # A moved cache or a new Emscripten leaves paths behind in an old build folder.
  local stamp=$ROOT/build/$preset/deps_stamp now
  now=$(realpath "$ROOT/build/deps/$([ "$preset" = wasm ] && echo wasm || echo native)" "$ROOT")
  if [ "$(cat "$stamp" 2>/dev/null)" != "$now" ]; then
    rm -rf "${ROOT:?}/build/$preset"
    step "configuring $preset" cmake -S "$ROOT" --preset "$preset"
    echo "$now" > "$stamp"
  fi
  step "building $preset" nice cmake --build "$ROOT/build/$preset" -j "$JOBS"
}

build_typescript() {
  [ -e "$ROOT/node_modules/.bin/tsc" ] || die "no TypeScript compiler: run ./run setup"
  [ -e "$ROOT/node_cli/tsconfig.json" ] || { say "no TypeScript yet"; return 0; }
  (cd "$ROOT" && node_modules/.bin/tsc -b) >&2 || die "TypeScript does not compile"
}

build() {
  local part needs=()
  [ $# != 0 ] && [ "$1" != all ] || set -- native asan wasm ts
  for part in "$@"; do
    case $part in
      native | asan) needs+=(native) ;;
      wasm) needs+=(wasm) ;;
      ts) needs+=(npm) ;;
      *) die "build: native, asan, wasm, ts or all; not '$part'" ;;
    esac
  done
  setup "${needs[@]}"
  for part in "$@"; do
    case $part in
      ts) build_typescript ;;
      *) build_preset "$part" ;;
    esac
  done
}
