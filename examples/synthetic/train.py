"""Trains the base classifiers of the two synthetic examples and writes whistles.onnx and heartbeats.onnx.

Rows come from export_rows.mjs, which runs the very generators that the page runs: training groups for training, select and
test groups, which no other part shares, are only measured, once, after the last epoch. Needs numpy and torch.
"""
import argparse
import inspect
import math
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional as F


class SeparableBlock(nn.Module):
    """A depthwise and a pointwise convolution, with a shortcut where the shape stays."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.depthwise = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False), nn.BatchNorm2d(inputs), nn.ReLU())
        self.pointwise = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.keeps_shape = inputs == outputs and stride == 1

    def forward(self, x):
        y = self.pointwise(self.depthwise(x))
        return F.relu(x + y if self.keeps_shape else y)


class WhistleNet(nn.Module):
    """Shapes: standardised log-mel f32 [N, 1, 48, 32] to logits f32 [N, 8]."""

    shape = (1, 48, 32)

    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 32, 3, 2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        plan = ((32, 1), (32, 1), (64, 2), (64, 1), (64, 1), (96, 2), (96, 1), (96, 1))
        inputs = 32
        self.blocks = nn.Sequential()
        for outputs, stride in plan:
            self.blocks.append(SeparableBlock(inputs, outputs, stride))
            inputs = outputs
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool2d(self.blocks(self.stem(x)), 1).flatten(1))


class SignalBlock(nn.Module):
    """Two convolutions over time beside a shortcut."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(inputs, outputs, 5, stride, padding=2, bias=False), nn.BatchNorm1d(outputs), nn.ReLU(),
            nn.Conv1d(outputs, outputs, 5, padding=2, bias=False), nn.BatchNorm1d(outputs))
        self.shortcut = nn.Identity() if inputs == outputs else nn.Sequential(
            nn.Conv1d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm1d(outputs))

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


class HeartbeatNet(nn.Module):
    """Shapes: standardised signal f32 [N, 1, 256] to logits f32 [N, 4]."""

    shape = (1, 256)

    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(1, 16, 7, 2, padding=3, bias=False), nn.BatchNorm1d(16), nn.ReLU())
        plan = ((16, 1), (16, 1), (24, 2), (24, 1), (40, 2), (40, 1))
        inputs = 16
        self.blocks = nn.Sequential()
        for outputs, stride in plan:
            self.blocks.append(SignalBlock(inputs, outputs, stride))
            inputs = outputs
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(F.adaptive_avg_pool1d(self.blocks(self.stem(x)), 1).flatten(1))


NETS = {"whistles": WhistleNet, "heartbeats": HeartbeatNet}


def read_part(folder, part, shape):
    """Returns samples f32 [N, *shape], standardised as the examples' preprocessing does, and labels int64 [N]."""
    x = numpy.load(folder / f"{part}_x.npy").reshape(-1, math.prod(shape)).astype(numpy.float64)
    x = (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + 0.01)
    y = numpy.load(folder / f"{part}_y.npy")
    return torch.from_numpy(x.astype(numpy.float32)).reshape(-1, *shape), torch.from_numpy(y).long()


def train(net, x, y, args):
    optimizer = torch.optim.SGD(net.parameters(), lr=args.peak_lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    steps = len(x) // args.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.peak_lr, total_steps=args.epochs * steps, pct_start=0.2)
    for epoch in range(args.epochs):
        net.train()
        order = torch.randperm(len(x))
        total = 0.0
        for step in range(steps):
            rows = order[step * args.batch:(step + 1) * args.batch]
            loss = F.cross_entropy(net(x[rows]), y[rows], label_smoothing=0.02)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{args.epochs}: loss {total / steps:.4f}", flush=True)


@torch.no_grad()
def accuracy(net, x, y):
    net.eval()
    return sum((net(a).argmax(1) == b).sum().item() for a, b in zip(x.split(500), y.split(500))) / len(y)


def export(net, path):
    """Writes opset 13 with each batch normalization folded into its convolution."""
    net.eval()
    legacy = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(
        net, torch.zeros(1, *net.shape), str(path), opset_version=13, do_constant_folding=True, input_names=["input"],
        output_names=["logits"], dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}}, **legacy)


def main():
    parser = argparse.ArgumentParser(description="Train the base classifier of a synthetic example.")
    parser.add_argument("task", choices=NETS)
    parser.add_argument("rows", type=Path, help="the folder that export_rows.mjs wrote")
    parser.add_argument("--output", type=Path, help="left out: TASK.onnx beside this script")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--peak-lr", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    shape = NETS[args.task].shape
    x, y = read_part(args.rows, "train", shape)
    net = NETS[args.task](int(y.max()) + 1)
    train(net, x, y, args)
    export(net, args.output or Path(__file__).resolve().parent / f"{args.task}.onnx")
    for part in ("train", "select", "test"):
        print(f"{part}: {accuracy(net, *read_part(args.rows, part, shape)):.2%}")


if __name__ == "__main__":
    main()
