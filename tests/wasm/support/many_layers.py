"""Writes a model of about 50 MB to the path given: convolutions, each with a batch normalisation, and a Gemm at the end."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, CHANNELS, SIZE, CLASSES = 20, 256, 8, 1000

rng = np.random.default_rng(7)
nodes, constants = [], []


def constant(name, values):
    constants.append(numpy_helper.from_array(values.astype(np.float32), name))
    return name


value = "x"
for layer in range(LAYERS):
    weight = constant(f"w{layer}", rng.standard_normal((CHANNELS, CHANNELS, 3, 3)) / 48)
    nodes.append(helper.make_node("Conv", [value, weight], [f"conv{layer}"], pads=[1, 1, 1, 1]))
    scales = [constant(f"{part}{layer}", rng.uniform(0.5, 1.5, CHANNELS)) for part in ("scale", "shift", "mean", "variance")]
    nodes.append(helper.make_node("BatchNormalization", [f"conv{layer}", *scales], [f"norm{layer}"]))
    nodes.append(helper.make_node("Relu", [f"norm{layer}"], [f"relu{layer}"]))
    value = f"relu{layer}"
nodes.append(helper.make_node("GlobalAveragePool", [value], ["pooled"]))
nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
weight = constant("gemm_w", rng.standard_normal((CHANNELS, CLASSES)) / 16)
nodes.append(helper.make_node("Gemm", ["flat", weight, constant("gemm_b", np.zeros(CLASSES))], ["y"]))
graph = helper.make_graph(
    nodes, "many_layers",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", CHANNELS, SIZE, SIZE])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", CLASSES])], constants)
onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), sys.argv[1])
