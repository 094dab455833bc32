# workerd serve examples/workerd/config.capnp, after examples/workerd/build.sh: listens at 127.0.0.1:8700.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "fog", worker = .fog) ],
  sockets = [ (name = "http", address = "127.0.0.1:8700", http = (), service = "fog") ],
);

const fog :Workerd.Worker = (
  compatibilityDate = "2026-01-01",
  modules = [
    (name = "worker.js", esModule = embed "../../build/workerd/worker.js"),
    (name = "offramp.wasm", wasm = embed "../../build/workerd/offramp.wasm"),
    (name = "model.offramp", data = embed "../../build/workerd/model.offramp"),
  ],
);
