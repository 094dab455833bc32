"""A runtime for MLServer: one of an exported repository's stages by ONNX Runtime. `uri` names the stage, the variable OFFRAMP_REPOSITORY the folder."""
import os

import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceResponse, MetadataTensor, ResponseOutput
from onnx_repository import read_stages

DATATYPES = {np.float32: 'FP32', np.float16: 'FP16', np.uint8: 'UINT8', np.int32: 'INT32'}


class Stage(MLModel):
    async def load(self):
        (self.stage,) = [stage for stage in read_stages(os.environ['OFFRAMP_REPOSITORY'], 1) if stage.name == self.name]
        describe = lambda tensors: [MetadataTensor(name=name, datatype=DATATYPES[dtype], shape=[-1, *dims]) for name, dtype, dims in tensors]
        self.inputs, self.outputs = describe(self.stage.inputs), describe(self.stage.outputs)
        return True

    async def predict(self, payload):
        types = {name: dtype for name, dtype, _ in self.stage.inputs}
        arrays = {one.name: np.array(one.data, types[one.name]).reshape(one.shape) for one in payload.inputs}
        results = self.stage.run(arrays)
        outputs = [ResponseOutput(name=name, datatype='FP32', shape=list(array.shape), data=array.ravel().tolist()) for name, array in results.items()]
        return InferenceResponse(id=payload.id, model_name=self.name, model_version=self.version, outputs=outputs)
