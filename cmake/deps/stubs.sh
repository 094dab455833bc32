#!/bin/bash
# Writes a C file with an aborting function for every microkernel that the given archives name but lack.
# XNNPACK's configuration tables mention AVX kernels whatever the build leaves out; with stand_in/cpuinfo.h none is taken.
# usage: stubs.sh NM OUT.c ARCHIVE...
set -euo pipefail
nm=$1 out=$2
shift 2
{
  echo '#include <stdlib.h>'
  comm -23 <("$nm" -u "$@" 2>/dev/null | awk '$1 == "U" && $2 ~ /ukernel|^xnn_init_/ {print $2}' | sort -u) \
           <("$nm" --defined-only "$@" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u) \
    | awk '{print "void " $1 "(void) { abort(); }"}'
} > "$out"
