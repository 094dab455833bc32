#!/usr/bin/env python3
"""Writes the benchmark's large models: MobileNetV2, ResNet-50 and ViT-tiny at 224 x 224, as PyTorch's exporter writes them.

  make_models.py FOLDER

Weights are drawn from a fixed seed, scaled so that values stay of order one through the depth: times do not depend on
training, and outputs of different engines can still be compared.
"""
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Model:
    """Nodes and initializers in the order in which they are added."""

    def __init__(self, seed):
        self.nodes, self.initializers = [], []
        self.random = np.random.default_rng(seed)
        self.count = 0

    def constant(self, array, name=None):
        self.count += 1
        name = name or f"const_{self.count}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def normal(self, shape, deviation):
        return self.constant((self.random.standard_normal(shape, dtype=np.float32) * deviation).astype(np.float32))

    def add(self, op, inputs, outputs=1, **attributes):
        self.count += 1
        name = f"/{op}_{self.count}"
        outs = [f"{name}_output_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, outs, name=name, **attributes))
        return outs[0] if outputs == 1 else outs

    def conv(self, x, inputs, outputs, kernel, stride=1, groups=1, gain=2.0):
        fan_in = inputs // groups * kernel * kernel
        weight = self.normal((outputs, inputs // groups, kernel, kernel), (gain / fan_in) ** 0.5)
        return self.add("Conv", [x, weight, self.normal((outputs,), 0.02)], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                        pads=[kernel // 2] * 4, dilations=[1, 1], group=groups)

    def linear(self, x, inputs, outputs):
        """A linear layer on more than two dimensions: MatMul and Add."""
        product = self.add("MatMul", [x, self.normal((inputs, outputs), inputs ** -0.5)])
        return self.add("Add", [self.normal((outputs,), 0.02), product])

    def classifier(self, x, inputs, classes=1000):
        weight = self.normal((classes, inputs), inputs ** -0.5)
        return self.add("Gemm", [x, weight, self.normal((classes,), 0.02)], alpha=1.0, beta=1.0, transB=1)

    def write(self, path, name, logits, opset):
        self.nodes[-1].output[0] = "output"
        assert logits != "output"
        graph = helper.make_graph(
            self.nodes, name,
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, 224, 224])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", 1000])], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, producer_name="make_models")
        onnx.checker.check_model(model)
        onnx.save(model, path)


def mobilenet_v2(path):
    m = Model(1)
    zero, six = m.constant(np.float32(0)), m.constant(np.float32(6))

    def relu6(x):
        return m.add("Clip", [x, zero, six])

    x, channels = relu6(m.conv("input", 3, 32, 3, stride=2)), 32
    for expansion, width, repeats, first_stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                                    (6, 160, 3, 2), (6, 320, 1, 1)]:
        for repeat in range(repeats):
            stride, hidden, inside = first_stride if repeat == 0 else 1, channels * expansion, x
            if expansion != 1:
                inside = relu6(m.conv(inside, channels, hidden, 1))
            inside = relu6(m.conv(inside, hidden, hidden, 3, stride, groups=hidden))
            inside = m.conv(inside, hidden, width, 1, gain=1.0)
            x = m.add("Add", [x, inside]) if stride == 1 and channels == width else inside
            channels = width
    x = relu6(m.conv(x, channels, 1280, 1))
    x = m.add("Flatten", [m.add("GlobalAveragePool", [x])], axis=1)
    m.write(path, "mobilenet_v2", m.classifier(x, 1280), 13)


def resnet50(path):
    m = Model(2)
    x = m.add("Relu", [m.conv("input", 3, 64, 7, stride=2)])
    x = m.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=0)
    channels = 64
    for stage, blocks in enumerate([3, 4, 6, 3]):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            inside = m.add("Relu", [m.conv(x, channels, width, 1)])
            inside = m.add("Relu", [m.conv(inside, width, width, 3, stride)])
            inside = m.conv(inside, width, width * 4, 1, gain=0.25)
            if block == 0:
                x = m.conv(x, channels, width * 4, 1, stride, gain=1.0)
            x = m.add("Relu", [m.add("Add", [inside, x])])
            channels = width * 4
    x = m.add("Flatten", [m.add("GlobalAveragePool", [x])], axis=1)
    m.write(path, "resnet50", m.classifier(x, channels), 13)


def vit_tiny(path, width=192, depth=12, heads=3, tokens=196):
    m = Model(3)
    ints = lambda *values: m.constant(np.array(values, np.int64))

    def layer_norm(x):
        scale = m.constant((1 + 0.1 * m.random.standard_normal(width)).astype(np.float32))
        return m.add("LayerNormalization", [x, scale, m.normal((width,), 0.02)], axis=-1, epsilon=1e-6)

    def gelu(x):
        erf = m.add("Erf", [m.add("Div", [x, m.constant(np.float32(2 ** 0.5))])])
        halves = m.add("Mul", [x, m.add("Add", [erf, m.constant(np.float32(1))])])
        return m.add("Mul", [halves, m.constant(np.float32(0.5))])

    def attention(x):
        qkv = m.add("Reshape", [m.linear(x, width, 3 * width), ints(-1, tokens + 1, 3, heads, width // heads)])
        qkv = m.add("Transpose", [qkv], perm=[2, 0, 3, 1, 4])
        query, key, value = (m.add("Gather", [qkv, m.constant(np.int64(i))], axis=0) for i in range(3))
        query = m.add("Mul", [query, m.constant(np.float32((width // heads) ** -0.5))])
        scores = m.add("MatMul", [query, m.add("Transpose", [key], perm=[0, 1, 3, 2])])
        mixed = m.add("MatMul", [m.add("Softmax", [scores], axis=-1), value])
        mixed = m.add("Reshape", [m.add("Transpose", [mixed], perm=[0, 2, 1, 3]), ints(-1, tokens + 1, width)])
        return m.linear(mixed, width, width)

    patches = m.add("Conv", ["input", m.normal((width, 3, 16, 16), 768 ** -0.5), m.normal((width,), 0.02)],
                    kernel_shape=[16, 16], strides=[16, 16], pads=[0] * 4, dilations=[1, 1], group=1)
    x = m.add("Transpose", [m.add("Reshape", [patches, ints(0, width, tokens)])], perm=[0, 2, 1])
    batch = m.add("Gather", [m.add("Shape", ["input"]), m.constant(np.int64(0))], axis=0)
    shape = m.add("Concat", [m.add("Unsqueeze", [batch, ints(0)]), ints(1), ints(width)], axis=0)
    token = m.add("Expand", [m.normal((1, 1, width), 1.0), shape])
    x = m.add("Concat", [token, x], axis=1)
    x = m.add("Add", [x, m.normal((1, tokens + 1, width), 0.2)])
    for _ in range(depth):
        x = m.add("Add", [x, attention(layer_norm(x))])
        inside = gelu(m.linear(layer_norm(x), width, 4 * width))
        x = m.add("Add", [x, m.linear(inside, 4 * width, width)])
    x = m.add("Gather", [layer_norm(x), m.constant(np.int64(0))], axis=1)
    m.write(path, "vit_tiny", m.classifier(x, width), 17)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    mobilenet_v2(folder / "mobilenet_v2.onnx")
    resnet50(folder / "resnet50.onnx")
    vit_tiny(folder / "vit_tiny.onnx")
