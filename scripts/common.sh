# Helpers for the scripts beside this file. Sourced with ROOT set to the checkout.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/offramp
JOBS=${OFFRAMP_JOBS:-$(nproc)}

# So that another clone of the same sources finds what this one compiled.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

say() { printf 'offramp: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# The first 16 digits of the SHA-256 of standard input.
key_of() { sha256sum | cut -c1-16; }

# announce TEXT LOG: after two seconds, and then every 15, tells how a step comes on, until it is killed. Ninja's [done/all]
# in the log gives an estimate of what remains.
announce() {
  local begin=$SECONDS counts elapsed
  sleep 2 > /dev/null 2>&1
  say "$1 ..."
  while sleep 15 > /dev/null 2>&1; do
    elapsed=$((SECONDS - begin))
    counts=$(grep -ao '\[[0-9]*/[0-9]*\]' "$2" | tail -n 1 | tr -d '[]' || true)
    if [ -n "$counts" ] && [ "${counts%/*}" -gt 0 ]; then
      say "$1: ${counts%/*} of ${counts#*/}, about $((elapsed * (${counts#*/} - ${counts%/*}) / ${counts%/*})) s left"
    else
      say "$1: $elapsed s so far"
    fi
  done
}

# step TEXT COMMAND...: runs the command with its output in a log and shows the log's end if it fails. What takes less
# than two seconds is not announced.
step() {
  local text=$1 log start=$SECONDS status announcer
  shift
  mkdir -p "$CACHE/logs"
  log=$CACHE/logs/$(printf '%s' "$text" | tr -cs 'A-Za-z0-9' '_').$$.log
  announce "$text" "$log" 8>&- 9>&- &
  announcer=$!
  # Not part of a condition, where `set -e` would not work inside the command.
  set +e
  ( set -e; "$@" ) > "$log" 2>&1
  status=$?
  set -e
  kill $announcer 2> /dev/null || true
  wait $announcer 2> /dev/null || true
  if [ $status != 0 ]; then
    tail -n 40 "$log" >&2
    die "$text: failed after $((SECONDS - start)) s; the whole log is $log"
  fi
  rm -f "$log"
  [ $((SECONDS - start)) -lt 2 ] || say "$text: done in $((SECONDS - start)) s"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# version_at_least HAVE WANTED
version_at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }
