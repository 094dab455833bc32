# Fetches the pinned sources and builds cmake/deps, natively or for wasm, into the cache. Sourced by setup.sh.

# Sets SOURCES_DIR to a folder with every package of sources.txt unpacked.
unpack_sources() {
  local list=$ROOT/scripts/sources.txt
  SOURCES_DIR=$CACHE/sources-$(key_of < "$list")
  [ -e "$SOURCES_DIR/ready" ] || step "fetching sources" fetch_sources "$list"
}

fetch_sources() {
  local package file sum
  rm -rf "$SOURCES_DIR"
  mkdir -p "$SOURCES_DIR" "$CACHE/downloads"
  cd "$CACHE/downloads"
  while read -r package file sum; do
    if ! echo "$sum  $file" | sha256sum --check --status 2>/dev/null; then
      debian13_apt
      rm -f "$file"
      apt-get "${DEBIAN13[@]}" source --download-only --tar-only "$package" || true
      echo "$sum  $file" | sha256sum --check || { echo "$file is not what scripts/sources.txt pins"; return 1; }
    fi
    mkdir "$SOURCES_DIR/$package"
    tar -C "$SOURCES_DIR/$package" -xf "$file"
    # Most archives hold one folder, XNNPACK's holds the files themselves.
    if [ "$(ls "$SOURCES_DIR/$package" | wc -l)" = 1 ]; then
      mv "$SOURCES_DIR/$package" "$SOURCES_DIR/outer"
      mv "$SOURCES_DIR/outer"/* "$SOURCES_DIR/$package"
      rmdir "$SOURCES_DIR/outer"
    fi
  done < <(grep -v '^#' "$list")
  : > "$SOURCES_DIR/ready"
}

onnx_proto() {
  local file
  for file in /usr/include/onnx/onnx.proto /usr/include/onnx/onnx-ml.proto; do
    [ ! -e "$file" ] || { echo "$file"; return; }
  done
  die "libonnx-dev ships no onnx.proto"
}

# use_deps native|wasm: build/deps/FLAVOUR points to the built dependencies afterwards.
use_deps() {
  local flavour=$1 tools directory
  case $flavour in
    native) tools=$(c++ --version | head -n 1) ;;
    wasm) tools="$EMSCRIPTEN_VERSION $EMSCRIPTEN" ;;
  esac
  directory=$CACHE/deps-$flavour-$({
    cat "$ROOT/scripts/sources.txt" "$(onnx_proto)"
    find "$ROOT/cmake/deps" -type f | sort | xargs cat
    echo "$tools"
    protoc --version
  } | key_of)
  if [ ! -e "$directory/ready" ]; then
    unpack_sources
    step "building XNNPACK and protobuf, $flavour" build_deps "$flavour" "$directory"
  fi
  ln -sfn "$directory" "$ROOT/build/deps/$flavour"
}

build_deps() {
  local flavour=$1 directory=$2
  local options=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  if [ "$flavour" = wasm ]; then
    options=(-DCMAKE_TOOLCHAIN_FILE="$ROOT/cmake/wasm_toolchain.cmake")
  fi
  rm -rf "$directory"
  mkdir -p "$directory/headers"
  # Exactly these and nothing else of /usr/include, which must never be searched for wasm.
  ln -s /usr/include/nlohmann /usr/include/doctest "$directory/headers/"
  cmake -S "$ROOT/cmake/deps" -B "$directory/build" -G Ninja -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_INSTALL_PREFIX="$directory" -DSOURCES="$SOURCES_DIR" -DONNX_PROTO="$(onnx_proto)" "${options[@]}"
  nice cmake --build "$directory/build" -j "$JOBS"
  cmake --install "$directory/build"
  rm -rf "$directory/build"
  : > "$directory/ready"
}
