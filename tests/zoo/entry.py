"""What the zoo knows about one model before it is exported."""
from dataclasses import dataclass
from typing import Callable

import torch


@dataclass(frozen=True)
class Entry:
    name: str
    build: Callable[[], torch.nn.Module]
    dims: tuple  # of one sample
    blocks: tuple  # class names of the modules after which a head may stand
    inside: int | None = 0  # places for heads within each block; None where some blocks have no branch at all
    opset: int = 17
    dynamo: bool = False
    optimize: bool = True  # of dynamo's: what older versions wrote
    vocabulary: int = 0  # token ids below this as input, instead of normally distributed floats

    def rows(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        if self.vocabulary:
            return torch.randint(0, self.vocabulary, (count, *self.dims), generator=generator)
        return torch.randn((count, *self.dims), generator=generator)
