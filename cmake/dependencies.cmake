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
if(EMSCRIPTEN)
  offramp_dependency(xnnpack xnnpack xnnpack xnnpack_kernels pthreadpool)
else()
  offramp_dependency(xnnpack xnnpack xnnpack xnnpack_kernels xnnpack_stubs pthreadpool)
  target_link_libraries(offramp_xnnpack INTERFACE m)
endif()
