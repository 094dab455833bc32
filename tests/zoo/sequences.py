"""Classifiers of signals and token sequences, as their papers describe them, at reduced width."""
import torch
from torch import nn

from entry import Entry


class Residual1d(nn.Module):
    """Two convolutions with batch normalisation around a shortcut. He et al. 2015, along time as Hannun et al. 2019."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv1d(channels_in, channels, 7, stride, 3, bias=False)
        self.bn1 = nn.BatchNorm1d(channels)
        self.conv2 = nn.Conv1d(channels, channels, 7, 1, 3, bias=False)
        self.bn2 = nn.BatchNorm1d(channels)
        self.relu = nn.ReLU()
        self.shortcut = nn.Sequential(nn.Conv1d(channels_in, channels, 1, stride, bias=False),
                                      nn.BatchNorm1d(channels)) if stride != 1 else nn.Identity()

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + self.shortcut(x))


class ResNet1d(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(2, 16, 15, 2, 7, bias=False), nn.BatchNorm1d(16), nn.ReLU(),
                                  nn.MaxPool1d(3, 2, 1))
        self.blocks = nn.Sequential(Residual1d(16, 16, 1), Residual1d(16, 24, 2), Residual1d(24, 24, 1),
                                    Residual1d(24, 32, 2))
        self.fc = nn.Linear(32, 5)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean(dim=-1))


class TemporalBlock(nn.Module):
    """Causal dilated convolutions: padded on both sides, then cut. Bai et al. 2018."""

    def __init__(self, channels_in, channels, dilation):
        super().__init__()
        self.padding = 2 * dilation
        self.conv1 = nn.utils.parametrizations.weight_norm(
            nn.Conv1d(channels_in, channels, 3, padding=self.padding, dilation=dilation))
        self.conv2 = nn.utils.parametrizations.weight_norm(
            nn.Conv1d(channels, channels, 3, padding=self.padding, dilation=dilation))
        self.shortcut = nn.Conv1d(channels_in, channels, 1) if channels_in != channels else None

    def forward(self, x):
        y = torch.relu(self.conv1(x)[:, :, :-self.padding].contiguous())
        y = torch.relu(self.conv2(y)[:, :, :-self.padding].contiguous())
        return torch.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class TemporalNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(TemporalBlock(6, 16, 1), TemporalBlock(16, 16, 2), TemporalBlock(16, 24, 4),
                                    TemporalBlock(24, 24, 8))
        self.fc = nn.Linear(24, 5)

    def forward(self, x):
        return self.fc(self.blocks(x)[:, :, -1])


class Recurrent(nn.Module):
    """Sensor windows [N, T, channels] through recurrent layers; the last step is classified."""

    def __init__(self, layer, **options):
        super().__init__()
        self.rnn = layer(6, 24, batch_first=True, **options)
        self.norm = nn.LayerNorm(24 * (2 if options.get('bidirectional') else 1))
        self.fc = nn.Linear(self.norm.normalized_shape[0], 5)

    def forward(self, x):
        steps, _ = self.rnn(x)
        return self.fc(self.norm(steps[:, -1]))


class TextCnn(nn.Module):
    """Parallel convolutions over word vectors, the largest value of each. Kim 2014."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(200, 16)
        self.convs = nn.ModuleList(nn.Conv1d(16, 12, width) for width in (3, 4, 5))
        self.fc = nn.Linear(36, 4)

    def forward(self, tokens):
        x = self.embedding(tokens).transpose(1, 2)
        return self.fc(torch.cat([torch.relu(conv(x)).amax(dim=2) for conv in self.convs], dim=1))


class TextTransformer(nn.Module):
    """An encoder over word vectors and places, averaged. Vaswani et al. 2017. Where padding (token 0) is hidden from
    attention, every layer needs the tokens besides its input."""

    def __init__(self, masked):
        super().__init__()
        self.masked = masked
        self.embedding = nn.Embedding(200, 32, padding_idx=0)
        self.places = nn.Parameter(torch.zeros(1, 24, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, activation='gelu', batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.fc = nn.Linear(32, 4)

    def forward(self, tokens):
        padding = tokens == 0 if self.masked else None
        x = self.encoder(self.embedding(tokens) + self.places, src_key_padding_mask=padding)
        return self.fc(x.mean(dim=1))


ENTRIES = [
    Entry('resnet1d', ResNet1d, (2, 256), ('Residual1d',)),
    Entry('resnet1d_dynamo', ResNet1d, (2, 256), ('Residual1d',), opset=18, dynamo=True),
    Entry('resnet1d_dynamo_raw', ResNet1d, (2, 256), ('Residual1d',), opset=18, dynamo=True, optimize=False),
    Entry('tcn', TemporalNet, (6, 64), ('TemporalBlock',), opset=13),
    Entry('lstm', lambda: Recurrent(nn.LSTM, num_layers=2), (32, 6), ()),
    Entry('lstm_bidirectional', lambda: Recurrent(nn.LSTM, bidirectional=True), (32, 6), (), opset=13),
    Entry('gru', lambda: Recurrent(nn.GRU), (32, 6), ()),
    Entry('text_cnn', TextCnn, (24,), (), vocabulary=200),
    Entry('text_transformer', lambda: TextTransformer(False), (24,), ('TransformerEncoderLayer',), 1, vocabulary=200),
    Entry('text_transformer_masked', lambda: TextTransformer(True), (24,), (), vocabulary=200),
]
