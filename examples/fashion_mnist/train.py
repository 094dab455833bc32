"""Trains the base classifier of the Fashion-MNIST example and writes it as base.onnx.

A small residual network (3x3 stem, then 2, 3 and 4 basic blocks of 16, 24 and 48 channels) is trained on rows 0..49999
of the training set. Rows 50000..59999 are kept for choosing exit thresholds and, like t10k, are only measured, once,
after the last epoch. Needs torch and the four IDX files of the Debian package dataset-fashion-mnist.
"""
import argparse
import gzip
import inspect
import math
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

TRAIN_ROWS = 50000
MAX_SHIFT = 2
STAGES = ((16, 2, 1), (24, 3, 2), (48, 4, 2))  # channels, blocks, stride of the first block


def conv_bn(inputs, outputs, kernel, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = conv_bn(inputs, outputs, 3, stride)
        self.conv2 = conv_bn(outputs, outputs, 3)
        self.shortcut = nn.Identity() if inputs == outputs else conv_bn(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.shortcut(x))


class Net(nn.Module):
    """Shapes: pixels f32 [N, 1, 28, 28] in 0..1 to logits f32 [N, 10]."""

    def __init__(self):
        super().__init__()
        channels = STAGES[0][0]
        self.stem = conv_bn(1, channels, 3)
        self.blocks = nn.Sequential()
        for stage, (outputs, count, stride) in enumerate(STAGES, start=1):
            for index in range(count):
                block = Block(channels, outputs, stride if index == 0 else 1)
                self.blocks.add_module(f"stage{stage}_block{index + 1}", block)
                channels = outputs
        self.classifier = nn.Linear(channels, 10)

    def forward(self, x):
        x = self.blocks(F.relu(self.stem(x)))
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


def read_split(folder, prefix):
    """Returns images f32 [N, 1, 28, 28] in 0..1 and labels int64 [N]."""
    images = gzip.decompress((folder / f"{prefix}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
    # An IDX header has four bytes of magic, then four bytes per dimension.
    pixels = torch.frombuffer(bytearray(images[16:]), dtype=torch.uint8).reshape(-1, 1, 28, 28)
    return pixels.float() / 255, torch.frombuffer(bytearray(labels[8:]), dtype=torch.uint8).long()


def augment(images):
    """Mirrors half of the images and shifts each by up to MAX_SHIFT pixels, filling with zeros."""
    count, _, height, width = images.shape
    mirrored = torch.where(torch.rand(count, 1, 1, 1) < 0.5, images.flip(3), images)
    padded = F.pad(mirrored, [MAX_SHIFT] * 4)[:, 0]
    offsets = torch.randint(0, 2 * MAX_SHIFT + 1, (2, count, 1))
    rows = offsets[0] + torch.arange(height)
    columns = offsets[1] + torch.arange(width)
    return padded[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]][:, None]


def learning_rate(progress, peak):
    """Linear warm-up over the first fifth of training, then a cosine down to zero; progress is 0..1."""
    warm_up = 0.2
    if progress < warm_up:
        return peak * progress / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up)))


def train_epoch(net, optimizer, images, labels, epoch, args):
    """Returns the mean loss. Seeded by the epoch, so that a resumed run repeats an unbroken one."""
    torch.manual_seed(args.seed + epoch)
    net.train()
    steps = len(images) // args.batch
    order = torch.randperm(len(images))
    total = 0.0
    for step in range(steps):
        rows = order[step * args.batch:(step + 1) * args.batch]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate((epoch + step / steps) / args.epochs, args.peak_lr)
        logits = net(augment(images[rows]).contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, labels[rows], label_smoothing=args.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / steps


@torch.no_grad()
def accuracy(net, images, labels):
    net.eval()
    hits = sum((net(x).argmax(1) == y).sum().item() for x, y in zip(images.split(1000), labels.split(1000)))
    return hits / len(labels)


def export(net, path):
    """Writes opset 13 with each batch normalization folded into its convolution."""
    net.eval()
    # Newer torch picks its dynamo exporter by default, which needs a further package and another opset.
    legacy = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(
        net, torch.zeros(1, 1, 28, 28), str(path), opset_version=13, do_constant_folding=True, input_names=["input"],
        output_names=["logits"], dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}}, **legacy)


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="Train the Fashion-MNIST base classifier.")
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--output", type=Path, default=here / "base.onnx")
    parser.add_argument("--checkpoint", type=Path, help="written after each epoch, resumed from if it exists")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--peak-lr", type=float, default=0.1)
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--label-smoothing", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    images, labels = read_split(args.data, "train")
    net = Net().to(memory_format=torch.channels_last)  # Faster on CPUs; the export is the same.
    optimizer = torch.optim.SGD(
        net.parameters(), lr=args.peak_lr, momentum=0.9, nesterov=True, weight_decay=args.weight_decay)
    first_epoch = 0
    if args.checkpoint and args.checkpoint.exists():
        state = torch.load(args.checkpoint)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        first_epoch = state["epochs_done"]

    for epoch in range(first_epoch, args.epochs):
        start = time.monotonic()
        loss = train_epoch(net, optimizer, images[:TRAIN_ROWS], labels[:TRAIN_ROWS], epoch, args)
        print(f"epoch {epoch + 1}/{args.epochs}: loss {loss:.4f}, {time.monotonic() - start:.0f} s", flush=True)
        if args.checkpoint:
            torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epochs_done": epoch + 1},
                       args.checkpoint)

    export(net, args.output)
    print(f"rows {TRAIN_ROWS}..{len(images) - 1}: {accuracy(net, images[TRAIN_ROWS:], labels[TRAIN_ROWS:]):.2%}")
    print(f"t10k: {accuracy(net, *read_split(args.data, 't10k')):.2%}")


if __name__ == "__main__":
    main()
