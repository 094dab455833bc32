# Servers and clients of other makers that tests/interop speaks the protocol with. Sourced by run.

# Sets OFFRAMP_INTEROP to a Python environment with tritonclient, Triton (nvidia-pytriton) and MLServer. Where PyPI cannot be reached it is unset and said so,
# and its tests count as skipped.
use_interop() {
  unset OFFRAMP_INTEROP
  if use_pypi interop "$ROOT/tests/interop/requirements.txt"; then
    export OFFRAMP_INTEROP=$PYPI_ENVIRONMENT
  else
    say "NO INTEROP: PyPI could not be reached, so nothing is tested with tritonclient, Triton and MLServer"
  fi
}
