"""Models in the forms that exporters of TensorFlow and Keras write: pictures come as [N, H, W, channels], batch
normalisation is a Mul and an Add, a dense layer a MatMul and an Add, padding SAME_UPPER or a Pad of its own."""
import numpy
from onnx import TensorProto, checker, helper, numpy_helper, save

ROWS = 5
CLASSES = 10


class Writer:
    """A graph under construction, whose convolutions remember what they cost and where blocks end."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        self.nodes, self.constants, self.ends, self.macs, self.stem_macs = [], [], [], 0, 0

    def constant(self, values, dtype=numpy.float32):
        name = f'const_{len(self.constants)}'
        self.constants.append(numpy_helper.from_array(numpy.asarray(values, dtype), name))
        return name

    def weight(self, *dims):
        deviation = numpy.sqrt(2 / numpy.prod(dims[1:]))
        return self.constant(self.random.normal(0, deviation, dims))

    def add(self, op, *inputs, outputs=1, **attributes):
        names = [f'{op}_{len(self.nodes)}:{i}' for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, f'model/{op}_{len(self.nodes)}', **attributes))
        return names[0] if outputs == 1 else names

    def transpose(self, x, *order):
        return self.add('Transpose', x, perm=order)

    def scale_and_shift(self, x, dims):
        x = self.add('Mul', x, self.constant(self.random.uniform(0.5, 1.5, dims)))
        return self.add('Add', x, self.constant(self.random.normal(0, 0.2, dims)))

    def conv(self, x, channels_in, channels, kernel, size, stride=1, groups=1, **attributes):
        """A convolution without bias; `size` is the side of what it makes."""
        weight = self.weight(channels, channels_in // groups, kernel, kernel)
        self.macs += channels * (channels_in // groups) * kernel * kernel * size * size
        return self.add('Conv', x, weight, strides=[stride, stride], kernel_shape=[kernel, kernel], group=groups,
                        **attributes)

    def dense(self, x, features_in, features):
        self.macs += features_in * features
        x = self.add('MatMul', x, self.constant(self.random.normal(0, features_in ** -0.5, (features_in, features))))
        return self.add('Add', x, self.constant(self.random.normal(0, 0.2, features)))

    def block_end(self, name, shape):
        before = self.ends[-1]['macs'] if self.ends else self.stem_macs
        self.ends.append({'name': name, 'shape': shape, 'macs_before': before, 'macs': self.macs})

    def save(self, path, logits, dims, opset):
        self.nodes.append(helper.make_node('Identity', [logits], ['logits'], 'Identity'))
        info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ['unk__1', *sizes])
                for name, sizes in (('input', dims), ('logits', [CLASSES]))]
        graph = helper.make_graph(self.nodes, 'tf2onnx', info[:1], info[1:], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8)
        checker.check_model(model, full_check=True)
        save(model, str(path))


def mobilenet(writer):
    """Layouts optimised by the exporter: one Transpose at the input."""
    x = writer.transpose('input', 0, 3, 1, 2)
    low, high = writer.constant(0), writer.constant(6)

    def layer(x, channels_in, channels, kernel, size, **options):
        x = writer.conv(x, channels_in, channels, kernel, size, auto_pad='SAME_UPPER', **options)
        return writer.add('Clip', writer.scale_and_shift(x, (channels, 1, 1)), low, high)

    x = layer(x, 3, 8, 3, 16, stride=2)
    writer.stem_macs = writer.macs
    size, channels = 16, 8
    for number, (wider, stride) in enumerate([(16, 1), (24, 2), (24, 1), (32, 2), (32, 1)]):
        size //= stride
        x = layer(x, channels, channels, 3, size, stride=stride, groups=channels)
        x = layer(x, channels, wider, 1, size)
        channels = wider
        writer.block_end(f'separable_{number}', [channels, size, size])
    x = writer.add('GlobalAveragePool', x)
    x = writer.add('Squeeze', x, writer.constant([2, 3], numpy.int64))
    return writer.dense(x, channels, CLASSES), [32, 32, 3], 13


def resnet(writer):
    """Layouts as the layers have them: a Transpose before and after every convolution."""

    def layer(x, channels_in, channels, kernel, size, stride=1):
        padding = 'SAME_UPPER'
        if stride == 2 and kernel == 3:
            x = writer.add('Pad', x, writer.constant([0, 0, 0, 0, 0, 1, 1, 0], numpy.int64))
            padding = 'VALID'
        x = writer.transpose(x, 0, 3, 1, 2)
        x = writer.conv(x, channels_in, channels, kernel, size, stride, auto_pad=padding)
        return writer.scale_and_shift(writer.transpose(x, 0, 2, 3, 1), (channels,))

    x = writer.add('Relu', layer('input', 3, 8, 3, 32))
    writer.stem_macs = writer.macs
    size, channels = 32, 8
    for number, (wider, stride) in enumerate([(8, 1), (16, 2), (16, 1), (24, 2)]):
        size //= stride
        y = writer.add('Relu', layer(x, channels, wider, 3, size, stride))
        y = layer(y, wider, wider, 3, size)
        shortcut = layer(x, channels, wider, 1, size, stride) if stride == 2 else x
        x = writer.add('Relu', writer.add('Add', y, shortcut))
        channels = wider
        writer.block_end(f'residual_{number}', [size, size, channels])
    x = writer.add('ReduceMean', x, axes=[1, 2], keepdims=0)
    return writer.dense(x, channels, CLASSES), [32, 32, 3], 12


def lstm(writer):
    """Time first, no initial state, the last state of one layer."""
    x = writer.transpose('input', 1, 0, 2)
    writer.macs += 24 * 64 * (6 + 16)
    gates = [writer.constant(writer.random.normal(0, 0.3, dims)) for dims in [(1, 64, 6), (1, 64, 16), (1, 128)]]
    _, state, _ = writer.add('LSTM', x, *gates, outputs=3, hidden_size=16)
    x = writer.add('Squeeze', state, writer.constant([0], numpy.int64))
    return writer.dense(x, 16, CLASSES), [24, 6], 15


MODELS = {'keras_mobilenet': mobilenet, 'keras_resnet': resnet, 'keras_lstm': lstm}


def make(folder, name):
    writer = Writer(7000 + list(MODELS).index(name))
    logits, dims, opset = MODELS[name](writer)
    writer.save(folder / f'{name}.onnx', logits, dims, opset)
    rows = writer.random.normal(size=(ROWS, *dims)).astype(numpy.float32)
    (folder / f'{name}.rows').write_bytes(rows.tobytes())
    return {'name': name, 'exporter': 'keras', 'opset': opset, 'dtype': 'float32', 'dims': [ROWS, *dims],
            'macs': writer.macs, 'blocks': writer.ends,
            'inside': None if name == 'keras_mobilenet' else 0}
