"""Seeded random weights under which activations stay in range and differ from input to input."""
import math

import torch
from torch import nn

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)


def randomise(entry, seed):
    """The entry's model in inference mode. Batch-norm statistics are those of random rows, so that folding them matters."""
    torch.manual_seed(seed)
    model = entry.build()
    with torch.no_grad():
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                fill(module, name, parameter)
    calibrate(model, entry, seed)
    return model.eval()


def fill(module, name, parameter):
    if isinstance(module, NORMS):
        parameter.uniform_(0.6, 1.4) if name == 'weight' else parameter.normal_(0, 0.2)
    elif isinstance(module, nn.Embedding):
        parameter.normal_()
    elif parameter.dim() < 2:
        parameter.normal_(0, 0.2)
    else:
        gain = 1.0 if isinstance(module, (nn.Linear, nn.MultiheadAttention)) else math.sqrt(2)
        parameter.normal_(0, gain / math.sqrt(max(1, parameter[0].numel())))


def calibrate(model, entry, seed):
    """Statistics of one batch, as training would leave them."""
    norms = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    model.eval()
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        model(entry.rows(16, seed + 1))
    for norm in norms:
        norm.momentum = 0.1
