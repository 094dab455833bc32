# Helpers for the scripts beside this file. Sourced with ROOT set to the checkout.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/offramp
JOBS=${OFFRAMP_JOBS:-$(nproc)}

say() { printf 'offramp: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# The first 16 digits of the SHA-256 of standard input.
key_of() { sha256sum | cut -c1-16; }

# step TEXT COMMAND...: runs the command with its output in a log and shows the log's end if it fails. What takes less
# than two seconds is not announced.
step() {
  local text=$1 log start=$SECONDS status announcer
  shift
  mkdir -p "$CACHE/logs"
  log=$CACHE/logs/$(printf '%s' "$text" | tr -cs 'A-Za-z0-9' '_').$$.log
  { sleep 2 > /dev/null 2>&1 9>&-; say "$text ..."; } 9>&- &
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
