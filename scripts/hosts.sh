# What tests/hosts runs packages on. Sourced by run.
#
# JavaScript hosts are npm's prebuilt binaries, in the cache and not in the checkout: half a gigabyte that only these tests need.

# Sets OFFRAMP_HOSTS to their node_modules, OFFRAMP_WASMTIME to a Python that has wasmtime. What cannot be had is unset and said; its tests count as skipped.
use_hosts() {
  unset OFFRAMP_HOSTS OFFRAMP_WASMTIME
  install_debian firefox-esr
  if find_npm_hosts; then
    export OFFRAMP_HOSTS=$NPM_HOSTS/node_modules
  else
    say "NO HOSTS: Deno, Bun, workerd and a newer Node could not be had from npm, so nothing is tested on them"
  fi
  if use_pypi hosts "$ROOT/tests/hosts/requirements.txt"; then
    export OFFRAMP_WASMTIME=$PYPI_ENVIRONMENT/bin/python
  else
    say "NO WASMTIME: PyPI could not be reached, so nothing is tested on it"
  fi
}

# Sets NPM_HOSTS. CI demands them: they come from npm, as much else does.
find_npm_hosts() {
  local status=0
  NPM_HOSTS=$CACHE/hosts-npm-$(cat "$ROOT"/tests/hosts/npm/*.json | key_of)
  [ ! -e "$NPM_HOSTS/ready" ] || return 0
  [ "$(dpkg --print-architecture)" = amd64 ] || { say "the hosts of tests/hosts/npm are for amd64"; return 1; }
  exec 9> "$CACHE/lock"
  flock -w 2 9 || { say "waiting for another setup to finish"; flock 9; }
  (step "installing JavaScript hosts (600 MB in $CACHE)" install_npm_hosts "$NPM_HOSTS") || status=$?
  exec 9>&-
  [ $status = 0 ] || [ "${CI:-}" != true ] || die "CI demands the hosts of tests/hosts/npm"
  return $status
}

install_npm_hosts() {
  rm -rf "$1"
  mkdir -p "$1"
  cp "$ROOT"/tests/hosts/npm/*.json "$1"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline) && : > "$1/ready"
}
