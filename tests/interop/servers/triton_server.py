"""Triton Inference Server (nvidia-pytriton) with an exported repository's stages from 1 on, until its standard input ends.

usage: triton_server.py FOLDER PORT      writes "ready" when it serves
"""
import glob
import logging
import os
import shutil
import signal
import sys

from onnx_repository import read_stages
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def serve(stage, triton):
    @batch
    def infer(**arrays):
        return stage.run(arrays)

    tensors = lambda described: [Tensor(name=name, dtype=dtype, shape=dims) for name, dtype, dims in described]
    triton.bind(model_name=stage.name, infer_func=infer, inputs=tensors(stage.inputs), outputs=tensors(stage.outputs),
                config=ModelConfig(max_batch_size=64, batcher=DynamicBatcher()), strict=True)


def copies():
    """Folders that Triton copies models to; it leaves them behind."""
    return set(glob.glob('/tmp/folder??????/config.pbtxt'))


def main():
    folder, port = sys.argv[1], int(sys.argv[2])
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end of the input is what ends it, in order
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    others = copies()
    config = TritonConfig(http_address='127.0.0.1', http_port=port, allow_grpc=False, allow_metrics=False, exit_timeout_secs=5)
    with Triton(config=config, workspace=os.path.join(folder, 'triton_workspace')) as triton:
        for stage in read_stages(folder, 1):
            serve(stage, triton)
        triton.run()
        print('ready', flush=True)
        sys.stdin.read()
        own = copies() - others
    for copy in own:
        shutil.rmtree(os.path.dirname(copy), ignore_errors=True)


main()
