# Environments of packages from PyPI, for checks that are optional because only Debian's packages and npm are demanded. Sourced by run.

# Sets PYPI_ENVIRONMENT to a virtual environment, in the cache, of the pinned requirements FILE, for tests called NAME. Fails, loudly, where it cannot be had.
# CI demands it where PyPI answers.
# use_pypi NAME FILE
use_pypi() {
  local name=$1 file=$2 status=0
  PYPI_ENVIRONMENT=$CACHE/$name-python-$({ cat "$file"; /usr/bin/python3 --version; uname -m; } | key_of)
  [ ! -e "$PYPI_ENVIRONMENT/ready" ] || return 0
  exec 9> "$CACHE/lock"
  flock -w 2 9 || { say "waiting for another setup to finish"; flock 9; }
  install_debian python3-venv
  (step "installing PyPI packages for $name" install_pypi "$PYPI_ENVIRONMENT" "$file") || status=$?
  exec 9>&-
  [ $status = 0 ] || [ "${CI:-}" != true ] || ! pypi_answers "$PYPI_ENVIRONMENT" || die "CI demands the PyPI packages for $name, since PyPI answers"
  return $status
}

# pypi_answers ENVIRONMENT
pypi_answers() {
  local folder status=0
  folder=$(mktemp -d)
  "$1/bin/python" -m pip download --quiet --no-deps --no-cache-dir --retries 0 --timeout 15 --dest "$folder" pip > /dev/null 2>&1 || status=1
  rm -rf "$folder"
  return $status
}

install_pypi() {
  local directory=$1 file=$2
  rm -rf "$directory"
  /usr/bin/python3 -m venv "$directory"
  # --no-deps: the file names every package, so that nothing is chosen by the day.
  "$directory/bin/python" -m pip install --quiet --no-deps --only-binary=:all: --disable-pip-version-check --retries 1 --timeout 30 -r "$file" \
    && : > "$directory/ready"
}
