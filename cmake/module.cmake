# How our own C++ is compiled, and the function that declares a module of the core.
option(OFFRAMP_SANITIZE "address and undefined-behaviour sanitizers" OFF)
option(OFFRAMP_FUZZ "libFuzzer programs instead of the tests; needs clang" OFF)
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(offramp_flags INTERFACE)
target_compile_features(offramp_flags INTERFACE cxx_std_20)
# No contraction: native, wasm and reference results are compared, and fused multiply-add would round differently.
target_compile_options(offramp_flags INTERFACE -Wall -Wextra -Wshadow -fno-exceptions -ffp-contract=off)
if(EMSCRIPTEN)
  # Bulk memory: memcpy is an instruction instead of a call out to JavaScript. With atomics the same objects can be linked
  # with and without threads.
  target_compile_options(offramp_flags INTERFACE -msimd128 -mbulk-memory -matomics)
  target_link_options(offramp_flags INTERFACE -msimd128 -mbulk-memory)
endif()
if(OFFRAMP_SANITIZE)
  # vptr checks would need the run-time type information that the core is built without.
  set(sanitizers -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(offramp_flags INTERFACE ${sanitizers})
  target_link_options(offramp_flags INTERFACE ${sanitizers})
endif()

if(OFFRAMP_FUZZ)
  target_compile_options(offramp_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# offramp_module(NAME [MODULES MODULE...] [LIBRARIES TARGET...]): core/NAME with its subfolders.
# MODULES are the modules that NAME may include, as in the table of the design; LIBRARIES stay private to it.
# New source files are found by the next build.
function(offramp_module name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${name}/*.cpp)
  offramp_library(offramp_${name} "${sources}" ${ARGN})
endfunction()

# offramp_library(TARGET SOURCES [MODULES ...] [LIBRARIES ...]): without sources an interface, so that a module of
# headers alone is one too.
function(offramp_library target sources)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "MODULES;LIBRARIES")
  list(TRANSFORM arg_MODULES PREPEND offramp_)
  if(sources)
    add_library(${target} STATIC ${sources})
    set(visibility PUBLIC)
    target_compile_options(${target} PRIVATE -fno-rtti)
    target_link_libraries(${target} PRIVATE ${arg_LIBRARIES})
  else()
    add_library(${target} INTERFACE)
    set(visibility INTERFACE)
  endif()
  target_include_directories(${target} ${visibility} ${PROJECT_SOURCE_DIR}/core)
  target_link_libraries(${target} ${visibility} offramp_flags offramp_headers ${arg_MODULES})
endfunction()
