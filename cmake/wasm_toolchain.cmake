# Emscripten's own CMake toolchain file, from where `./run setup` says it is, plus the launcher that spares emcc's
# start-up per file when Emscripten is the one unpacked by setup.
get_filename_component(OFFRAMP_EMSCRIPTEN "${CMAKE_CURRENT_LIST_DIR}/../build/deps/emscripten" REALPATH)
if(NOT EXISTS "${OFFRAMP_EMSCRIPTEN}/cmake/Modules/Platform/Emscripten.cmake")
  message(FATAL_ERROR "no Emscripten in build/deps: run ./run setup first")
endif()
include("${OFFRAMP_EMSCRIPTEN}/cmake/Modules/Platform/Emscripten.cmake")
if(EXISTS "${OFFRAMP_EMSCRIPTEN}/offramp_launcher")
  set(CMAKE_C_COMPILER_LAUNCHER "${OFFRAMP_EMSCRIPTEN}/offramp_launcher" CACHE STRING "")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${OFFRAMP_EMSCRIPTEN}/offramp_launcher" CACHE STRING "")
endif()
