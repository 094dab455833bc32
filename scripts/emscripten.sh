# Finds or unpacks Emscripten. Sourced by setup.sh.
#
# Debian 13's packages are unpacked into the cache: installing them on Debian 12 would upgrade libc and about a hundred
# packages more. Each program gets the unpacked dynamic linker and library path written into it (patchelf), so that the
# system's libraries are never mixed in, clang can start itself again, and no LD_LIBRARY_PATH leaks to child processes.

EMSCRIPTEN_MINIMUM=3.1.69

# Packages of the closure that the host provides or that emcc does not use for C++ to wasm.
EMSCRIPTEN_SKIP='^(nodejs|libnode.*|node-(corepack|undici.*|cjs-module-lexer|minimatch|brace-expansion|balanced-match|llhttp)|python3.*|libpython3.*|ccache|binutils.*|libbinutils|libctf.*|libgprofng0|gcc-.*-base|libgcc-.*-dev|libstdc\+\+-.*-dev|libobjc.*|libc6-dev|libc-dev-bin|libcrypt.*|linux-libc-dev|rpcsvc-proto|lib(asan|hwasan|lsan|tsan|ubsan|itm|quadmath|gomp|atomic)[0-9]*|dpkg|tar|debconf|tzdata.*|media-types|netbase|openssl-provider-legacy|readline-common|libsframe.*|libjansson4|lib(krb5|k5).*|libgssapi.*|libsasl2.*|libldap2|libssh2.*|librtmp1|libgnutls.*|libhogweed.*|libnettle.*|libp11.*|libtasn1.*|libidn2.*|libpsl.*|libnghttp.*|libcares2|libdb5.*|libsqlite.*|libfmt.*|libhiredis.*|libkeyutils1|libcom-err2|libselinux1|libacl1|libpcre2.*|libunistring.*|libuv1.*|libssl3.*|libexpat1|libgc1|libgmp10|libreadline.*|libncursesw6|libuuid1|libpfm4|libxxhash0|libclang1-.*)$'

# Sets EMSCRIPTEN, the folder of emcc, and EMSCRIPTEN_VERSION.
find_emscripten() {
  local emcc prefix
  if emcc=$(command -v emcc); then
    EMSCRIPTEN_VERSION=$(emcc --version | sed -n '1s/.* \([0-9][0-9.]*[0-9]\).*/\1/p')
    if version_at_least "$EMSCRIPTEN_VERSION" $EMSCRIPTEN_MINIMUM; then
      EMSCRIPTEN=$(dirname "$(realpath "$emcc")")
      return
    fi
  fi
  prefix=$CACHE/emscripten-$(declare -f unpack_emscripten patch_program | cat - <(echo "$EMSCRIPTEN_SKIP $(node_path)") | key_of)
  if [ ! -e "$prefix/ready" ]; then
    [ "$(dpkg --print-architecture)" = amd64 ] || die "no emcc >= $EMSCRIPTEN_MINIMUM on PATH, and only amd64 can unpack Debian's"
    step "unpacking Emscripten (1 GB in $CACHE)" unpack_emscripten "$prefix"
  fi
  EMSCRIPTEN=$prefix/root/usr/share/emscripten
  EMSCRIPTEN_VERSION=$(cat "$prefix/ready")
}

node_path() { realpath "$(command -v node)"; }

# patch_program PREFIX FILE: links FILE into PREFIX/bin after pointing it at the unpacked libraries.
patch_program() {
  local root=$1/root file
  file=$(readlink -f "$2")
  if [ "$(head -c4 "$file" | tail -c3)" = ELF ] && [ ! -e "$file.patched" ]; then
    patchelf --set-interpreter "$root/usr/lib64/ld-linux-x86-64.so.2" --force-rpath \
      --set-rpath "$root/usr/lib/x86_64-linux-gnu:$(echo "$root"/usr/lib/llvm-*/lib)" "$file"
    : > "$file.patched"
  fi
  ln -sf "$file" "$1/bin/$(basename "$2")"
}

unpack_emscripten() {
  local prefix=$1 root=$1/root llvm emscripten package directory file name
  rm -rf "$prefix"
  mkdir -p "$prefix/debs" "$prefix/bin" "$prefix/binaryen/bin" "$root"/usr/{bin,sbin,lib,lib64}
  debian13_apt
  # The closure is apt's own answer for an empty system, less what the host has.
  apt-get "${DEBIAN13[@]}" -s --no-install-recommends install emscripten \
    | awk '/^Inst/ {print $2}' | grep -Ev "$EMSCRIPTEN_SKIP" | sort > "$prefix/packages"
  (cd "$prefix/debs" && xargs apt-get "${DEBIAN13[@]}" download < "$prefix/packages")
  # Debian keeps these four as links into /usr; dpkg -x must find them so.
  for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done
  for package in "$prefix"/debs/*.deb; do dpkg -x "$package" "$root"; done
  rm -rf "$prefix/debs"

  llvm=$(echo "$root"/usr/lib/llvm-*/bin)
  [ -e "$root/usr/lib64/ld-linux-x86-64.so.2" ] || ln -s ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$root/usr/lib64/"
  for name in clang lld wasm-ld llvm-ar llvm-nm llvm-objcopy llvm-strip llvm-dwarfdump llvm-cxxfilt llvm-size; do
    patch_program "$prefix" "$llvm/$name"
  done
  ln -sf clang "$llvm/clang++"
  ln -sf "$llvm/clang" "$prefix/bin/clang"
  ln -sf "$llvm/clang++" "$prefix/bin/clang++"
  ln -sf "$(readlink -f "$llvm/llvm-ar")" "$prefix/bin/llvm-ranlib"
  for file in "$root"/usr/bin/wasm-* "$root"/usr/bin/wasm2js; do
    case $file in *wasm-ld*) continue ;; esac
    patch_program "$prefix" "$file"
    ln -sf "$prefix/bin/$(basename "$file")" "$prefix/binaryen/bin/"
  done
  # libLLVM carries a search path of its own that would send its dependencies to the host's libraries.
  for file in "$root"/usr/lib/x86_64-linux-gnu/*.so*; do
    if [ ! -L "$file" ] && [ -n "$(patchelf --print-rpath "$file" 2>/dev/null || true)" ]; then
      patchelf --force-rpath --set-rpath "$root/usr/lib/x86_64-linux-gnu" "$file"
    fi
  done
  for file in "$prefix"/bin/*; do
    if LD_TRACE_LOADED_OBJECTS=1 "$file" | grep -v -e linux-vdso -e "$prefix/"; then
      echo "$file would load the libraries above from the host"
      return 1
    fi
  done

  emscripten=$root/usr/share/emscripten
  mkdir -p "$emscripten/node_modules"
  # acorn only: with the @types packages in reach, --emit-tsd would fail.
  for directory in "$root"/usr/share/nodejs/acorn*; do
    ln -sfn "../../nodejs/$(basename "$directory")" "$emscripten/node_modules/"
  done
  # In this place emcc finds its configuration without an environment variable.
  cat > "$emscripten/.emscripten" <<CONFIG
LLVM_ROOT = '$prefix/bin'
LLVM_ADD_VERSION = ''
CLANG_ADD_VERSION = ''
BINARYEN_ROOT = '$prefix/binaryen'
NODE_JS = '$(node_path)'
CACHE = '$emscripten/cache'
FROZEN_CACHE = False
CONFIG
  cp "$ROOT/scripts/emcc_launcher" "$emscripten/offramp_launcher"

  # Half of the size is of no use here.
  rm -rf "$emscripten"/{test,docs,media} "$root"/usr/share/{doc,man,locale,lintian,bug} "$root/usr/include" \
    "$root"/usr/lib/llvm-*/include "$root"/usr/lib/llvm-*/lib/*.a
  find "$emscripten/cache/sysroot/lib/wasm32-emscripten" \( -name 'libGL*' -o -name 'libwebgpu*' -o -name 'lib*-ww*' \
    -o -name 'libwasmfs*' -o -name 'libSDL*' -o -name 'libal.a' \) -delete
  find "$llvm" -type f ! -name '*.patched' | while read -r file; do [ -e "$file.patched" ] || rm -f "$file"; done
  find "$root" -name '*.patched' -delete

  # A smoke test, which also fills Emscripten's cache of generated files.
  (
    cd "$prefix"
    echo '#include <string>
    int main(int argc, char**) { return static_cast<int>(std::string(static_cast<size_t>(argc), 42)[0]); }' > smoke.cpp
    "$emscripten/em++" -O2 smoke.cpp -o smoke.cjs.js || exit 1
    mv smoke.cjs.js smoke.cjs
    mv smoke.cjs.wasm smoke.wasm 2>/dev/null || true
  )
  rm -f "$prefix"/smoke*
  "$emscripten/emcc" --version | sed -n '1s/.* \([0-9][0-9.]*[0-9]\).*/\1/p' > "$prefix/ready.new"
  mv "$prefix/ready.new" "$prefix/ready"
}
