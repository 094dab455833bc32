"""An exported model repository, run by ONNX Runtime: what the servers beside this file serve. Knows nothing of Offramp but export.json."""
import json
import os

import numpy as np
import onnxruntime

DTYPES = {'f32': np.float32, 'f16': np.float16, 'u8': np.uint8, 'i32': np.int32}


class OnnxStage:
    """`inputs` and `outputs` are lists of (name, NumPy type, dims without the batch)."""

    def __init__(self, folder, model):
        describe = lambda tensors: [(t['name'], DTYPES[t['type']], tuple(t['dims'])) for t in tensors]
        self.name, self.inputs, self.outputs = model['name'], describe(model['inputs']), describe(model['outputs'])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.path.join(folder, model['file']), options, providers=['CPUExecutionProvider'])

    def run(self, arrays):
        """By name, with the batch in front."""
        names = [name for name, _, _ in self.outputs]
        return dict(zip(names, self.session.run(names, arrays)))


def read_stages(folder, first):
    """The models of stages from `first` on, and those that are no stages."""
    with open(os.path.join(folder, 'export.json'), encoding='utf-8') as file:
        return [OnnxStage(folder, model) for model in json.load(file)['models'] if model.get('stage', first) >= first]
