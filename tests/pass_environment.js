// Emscripten starts programs with an environment of its own: hand the tests the one variable that they read.
Module["preRun"] = () => {
  if (process.env.OFFRAMP_DATA) ENV.OFFRAMP_DATA = process.env.OFFRAMP_DATA;
};
