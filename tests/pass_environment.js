// Emscripten starts programs with an environment of its own: hand the tests the variables that they read.
Module["preRun"] = () => {
  for (const name of ["OFFRAMP_DATA", "OFFRAMP_ZOO"])
    if (process.env[name]) ENV[name] = process.env[name];
};
