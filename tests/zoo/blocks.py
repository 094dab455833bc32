"""Where a model's blocks end, told by PyTorch's own operation counter: how much was computed up to there."""
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


def block_ends(entry, model):
    """Of each block its name, output shape without the batch, and multiply-accumulates so far, before and after it;
    then the whole model's, None if that cannot be told."""
    ends, begun, handles = [], {}, []
    counter = FlopCounterMode(display=False)

    def begin(name):
        begun[name] = counter.get_total_flops() // 2

    def end(name, output):
        ends.append({'name': name, 'shape': list(output.shape[1:]), 'macs_before': begun[name],
                     'macs': counter.get_total_flops() // 2})

    for name, module in model.named_modules():
        if type(module).__name__ in entry.blocks:
            handles.append(module.register_forward_pre_hook(lambda _, inputs, name=name: begin(name)))
            handles.append(module.register_forward_hook(lambda _, inputs, output, name=name: end(name, output)))
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        model(entry.rows(1, 0))
    for handle in handles:
        handle.remove()
    # Of recurrent layers PyTorch counts nothing.
    recurrent = any(isinstance(module, torch.nn.RNNBase) for module in model.modules())
    return ends, None if recurrent else counter.get_total_flops() // 2
