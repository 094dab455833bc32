#!/bin/sh
# usage: examples/workerd/build.sh model.offramp      puts together, in build/workerd, what config.capnp embeds
# Then: workerd serve examples/workerd/config.capnp; both programs are npm packages (ESBUILD names another esbuild than npx's).
set -eu
package=$(realpath "$1")
cd "$(dirname "$0")/../.."
mkdir -p build/workerd
${ESBUILD:-npx esbuild} examples/workerd/worker.js --bundle --format=esm --log-level=warning \
  --external:offramp.wasm --external:model.offramp --external:module --outfile=build/workerd/worker.js
cp wasm/dist/simd/offramp.wasm build/workerd/
cp "$package" build/workerd/model.offramp
