# `./run zoo`: the model zoo that tests/zoo writes with PyTorch, in the cache. Sourced by run.
#
# PyTorch is Debian 13's, unpacked into the cache like Emscripten: PyPI's brings gigabytes of CUDA. Its programs run
# through the unpacked dynamic linker, so that nothing is installed and no library of the system is mixed in.

ZOO_DEBIAN='python3-torch python3-onnx python3-pil python3-pip'
ZOO_PYPI='onnxscript==0.2.7 ml_dtypes==0.5.1 timm==1.0.15'

# Sets ZOO_ENVIRONMENT, the folder of the unpacked Python, whether or not it is there.
zoo_environment() {
  ZOO_ENVIRONMENT=$CACHE/zoo-python-$(declare -f unpack_zoo_python | cat - <(echo "$ZOO_DEBIAN $ZOO_PYPI") | key_of)
}

unpack_zoo_python() {
  local prefix=$1 root=$1/root directory package
  rm -rf "$prefix"
  mkdir -p "$prefix/debs" "$prefix/site" "$root"/usr/{bin,sbin,lib,lib64}
  debian13_apt
  # torchvision's own dependencies are for reading pictures and films: its models need none of them.
  { apt-get "${DEBIAN13[@]}" -s --no-install-recommends install $ZOO_DEBIAN | awk '/^Inst/ {print $2}'
    echo python3-torchvision; } > "$prefix/packages"
  (cd "$prefix/debs" && xargs apt-get "${DEBIAN13[@]}" download < "$prefix/packages")
  for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done
  for package in "$prefix"/debs/*.deb; do dpkg -x "$package" "$root"; done
  rm -rf "$prefix/debs" "$root"/usr/share/{doc,man,locale,lintian,bug}
  zoo_python "$prefix" -m pip install --quiet --no-deps --only-binary=:all: --no-warn-script-location \
    --root-user-action=ignore --target "$prefix/site" $ZOO_PYPI
  # The caller looks at the status, and `set -e` does not work there.
  zoo_python "$prefix" -c 'import torch, torchvision, onnx, onnxscript, timm' && : > "$prefix/ready"
}

# zoo_python PREFIX ARGUMENT...
zoo_python() {
  local prefix=$1 root=$1/root libraries=$1/root/usr/lib/x86_64-linux-gnu
  shift
  PYTHONHOME=$root/usr PYTHONPATH=$prefix/site PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1 \
    "$libraries/ld-linux-x86-64.so.2" \
    --library-path "$libraries:$root/usr/lib:$libraries/blas:$libraries/lapack:$libraries/openmpi/lib" \
    "$root/usr/bin/python3.13" "$@"
}

make_zoo() {
  local directory=$1
  rm -rf "$directory" "$directory.part"
  zoo_python "$ZOO_ENVIRONMENT" "$ROOT/tests/zoo/make_zoo.py" "$directory.part" && mv "$directory.part" "$directory"
}

# Sets ZOO to the folder of the zoo's files; makes them if need be. Fails when PyTorch cannot be had.
find_zoo() {
  local status=0
  zoo_environment
  ZOO=$CACHE/zoo-$(cat "$ROOT"/tests/zoo/*.py | cat - <(basename "$ZOO_ENVIRONMENT") | key_of)
  [ ! -e "$ZOO/zoo.json" ] || return 0
  exec 9> "$CACHE/lock"
  flock -w 2 9 || { say "waiting for another setup to finish"; flock 9; }
  if [ ! -e "$ZOO_ENVIRONMENT/ready" ]; then
    (
      [ "$(dpkg --print-architecture)" = amd64 ] || die "the zoo's PyTorch is for amd64"
      step "unpacking PyTorch for the zoo (1 GB in $CACHE)" unpack_zoo_python "$ZOO_ENVIRONMENT"
    ) || status=$?
  fi
  [ $status != 0 ] || [ -e "$ZOO/zoo.json" ] || step "exporting the zoo" make_zoo "$ZOO"
  exec 9>&-
  return $status
}

zoo() {
  local directory=$1
  rm -rf "$directory" "$directory.part"
  zoo_python "$ZOO_ENVIRONMENT" "$ROOT/tests/zoo/make_zoo.py" "$directory.part" && mv "$directory.part" "$directory"
}

# Sets ZOO to the folder of the zoo's files; makes them if need be. Fails when PyTorch cannot be had.
find_zoo() {
  zoo_environment
  ZOO=$CACHE/zoo-$(cat "$ROOT"/tests/zoo/*.py | cat - <(basename "$ZOO_ENVIRONMENT") | key_of)
  [ ! -e "$ZOO/zoo.json" ] || return 0
  exec 9> "$CACHE/lock"
  flock -w 2 9 || { say "waiting for another setup to finish"; flock 9; }
  if [ ! -e "$ZOO_ENVIRONMENT/ready" ]; then
    [ "$(dpkg --print-architecture)" = amd64 ] || { say "the zoo needs amd64"; return 1; }
    (step "unpacking PyTorch for the zoo (1 GB in $CACHE)" unpack_zoo_python "$ZOO_ENVIRONMENT") || return 1
  fi
  [ -e "$ZOO/zoo.json" ] || step "exporting the zoo" make_zoo "$ZOO"
  exec 9>&-
}

zoo() {
  setup native
  find_zoo || die "the zoo could not be made"
  say "$(ls "$ZOO"/*.onnx | wc -l) models in $ZOO"
}
