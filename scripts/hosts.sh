# What tests/hosts runs packages on. Sourced by run.
#
# JavaScript hosts are npm's prebuilt binaries, in the cache and not in the checkout: half a gigabyte that only these tests need.

# Sets OFFRAMP_HOSTS to their node_modules, OFFRAMP_WASMEDGE to the /usr that holds WasmEdge, OFFRAMP_WASMTIME to a Python that has wasmtime.
# What cannot be had is unset and said; its tests count as skipped.
use_hosts() {
  unset OFFRAMP_HOSTS OFFRAMP_WASMEDGE OFFRAMP_WASMTIME
  install_debian firefox-esr
  if find_host npm install_npm_hosts "$ROOT"/tests/hosts/npm/*.json; then
    export OFFRAMP_HOSTS=$HOST_FOLDER/node_modules
  else
    say "NO HOSTS: Deno, Bun, workerd and a newer Node could not be had from npm, so nothing is tested on them"
  fi
  if find_host wasmedge unpack_wasmedge "$ROOT/scripts/hosts.sh"; then
    export OFFRAMP_WASMEDGE=$HOST_FOLDER/root/usr
  else
    say "NO WASMEDGE: it could not be had from Debian 13, so nothing is tested on it"
  fi
  if use_pypi hosts "$ROOT/tests/hosts/requirements.txt"; then
    export OFFRAMP_WASMTIME=$PYPI_ENVIRONMENT/bin/python
  else
    say "NO WASMTIME: PyPI could not be reached, so nothing is tested on it"
  fi
}

# find_host NAME INSTALL FILE...: sets HOST_FOLDER to a folder in the cache, filled by INSTALL, keyed by the files. CI demands it, since npm and Debian are demanded anyway.
find_host() {
  local name=$1 install=$2 status=0
  shift 2
  HOST_FOLDER=$CACHE/hosts-$name-$(cat "$@" | key_of)
  [ ! -e "$HOST_FOLDER/ready" ] || return 0
  [ "$(dpkg --print-architecture)" = amd64 ] || { say "$name's hosts are for amd64"; return 1; }
  exec 9> "$CACHE/lock"
  flock -w 2 9 || { say "waiting for another setup to finish"; flock 9; }
  (step "getting hosts from $name" "$install" "$HOST_FOLDER") || status=$?
  exec 9>&-
  [ -e "$HOST_FOLDER/ready" ] || status=1
  [ $status = 0 ] || [ "${CI:-}" != true ] || die "CI demands the hosts"
  return $status
}

# 600 MB, half of it unpacked from what npm keeps too.
install_npm_hosts() {
  rm -rf "$1"
  mkdir -p "$1"
  cp "$ROOT"/tests/hosts/npm/*.json "$1"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline) && : > "$1/ready"
}

# With the libraries that it wants, Debian 13's libc among them: tests start it through that one's loader.
unpack_wasmedge() {
  local prefix=$1 root=$1/root directory package
  rm -rf "$prefix"
  mkdir -p "$prefix/debs" "$root"/usr/{bin,sbin,lib,lib64}
  debian13_apt
  apt-get "${DEBIAN13[@]}" -s --no-install-recommends install libwasmedge-dev | awk '/^Inst/ {print $2}' > "$prefix/packages"
  (cd "$prefix/debs" && xargs apt-get "${DEBIAN13[@]}" download < "$prefix/packages")
  for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done
  for package in "$prefix"/debs/*.deb; do dpkg -x "$package" "$root"; done
  rm -rf "$prefix/debs" "$root"/usr/share
  # The caller looks at the status, and `set -e` does not work there.
  [ -e "$root/usr/lib/x86_64-linux-gnu/libwasmedge.so" ] && [ -e "$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" ] && : > "$prefix/ready"
}
