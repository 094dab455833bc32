# What `./run setup` built, as imported targets. build/deps/FLAVOUR links into the cache.
if(EMSCRIPTEN)
  set(OFFRAMP_DEPS ${PROJECT_SOURCE_DIR}/build/deps/wasm)
else()
  set(OFFRAMP_DEPS ${PROJECT_SOURCE_DIR}/build/deps/native)
endif()
if(NOT EXISTS ${OFFRAMP_DEPS}/ready)
  message(FATAL_ERROR "${OFFRAMP_DEPS} is not there: run ./run setup first")
endif()

# offramp_dependency(NAME INCLUDE LIBRARY...): the libraries in link order
function(offramp_dependency name include)
  add_library(offramp_${name} INTERFACE)
  target_include_directories(offramp_${name} SYSTEM INTERFACE ${OFFRAMP_DEPS}/${include})
  foreach(library ${ARGN})
    target_link_libraries(offramp_${name} INTERFACE ${OFFRAMP_DEPS}/lib/lib${library}.a)
  endforeach()
endfunction()

offramp_dependency(headers headers)  # nlohmann, doctest
offramp_dependency(onnx_proto protobuf onnx_proto protobuf_lite)
offramp_dependency(xnnpack xnnpack xnnpack)
if(EMSCRIPTEN)
  # As the archive was compiled: cmake/deps/protobuf says why.
  target_compile_definitions(offramp_onnx_proto INTERFACE __thread=)
  # The wasm variants: what an executable links besides the core, whose objects are the same in all of them.
  offramp_dependency(simd xnnpack xnnpack_configs xnnpack_kernels)
  offramp_dependency(relaxed_simd xnnpack xnnpack_relaxed_configs xnnpack_relaxed_kernels xnnpack_kernels)
  offramp_dependency(single_thread xnnpack pthreadpool_single)
  offramp_dependency(threads xnnpack pthreadpool)
  target_link_options(offramp_threads INTERFACE -pthread)
else()
  offramp_dependency(kernels xnnpack xnnpack_configs xnnpack_kernels xnnpack_stubs pthreadpool)
  target_link_libraries(offramp_xnnpack INTERFACE offramp_kernels m)
endif()
