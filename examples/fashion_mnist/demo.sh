#!/bin/bash
# The main job on real input: augment the bundled Fashion-MNIST model in WebAssembly, then run what came out.
# Called by `./run demo`, which builds first. Writes to build/demo/.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/demo
fashion=/usr/share/datasets/fashion-mnist # Debian's package dataset-fashion-mnist
mkdir -p "$out/data"
cp "$fashion"/*.gz "$out/data/"

# A dataset description per part. The backbone was trained on rows 0..49999 of the training set, so heads may learn from
# those, but thresholds are chosen on rows it has never seen, and figures come from the test set.
describe() { # NAME SET FIRST END
  cat > "$out/data/$1.json" <<JSON
{ "offramp_dataset": 1, "x": "$2-images-idx3-ubyte.gz", "y": "$2-labels-idx1-ubyte.gz", "rows": [$3, $4],
  "labels": ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
  "preprocess": [{ "op": "scale", "by": 0.00392156862745098 }, { "op": "reshape", "shape": [-1, 1, 28, 28] }] }
JSON
}
describe train train 0 8000
describe select train 50000 55000
describe test t10k 0 10000

offramp() {
  printf '\n$ ./run offramp %s\n' "${*//$root\//}" >&2
  node "$root/node_cli/dist/main.js" "$@"
}
cd "$root"
offramp augment examples/fashion_mnist/base.onnx --data build/demo/data/train.json --select build/demo/data/select.json \
  --test build/demo/data/test.json --max-drop 1 --epochs 6 -o build/demo/fashion_mnist.offramp "$@"
offramp evaluate build/demo/fashion_mnist.offramp --data build/demo/data/test.json
offramp report build/demo/fashion_mnist.offramp -o build/demo/report.html
printf '\nThe package: build/demo/fashion_mnist.offramp\nThe report:  build/demo/report.html\n'
