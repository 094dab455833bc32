"""Convolutional classifiers of torchvision and timm, at reduced width, 10 classes."""
from functools import partial

import torch
from timm.models import convnext as timm_convnext
from timm.models import efficientnet as timm_efficientnet
from timm.models import resnet as timm_resnet
from torch import nn
from torchvision import models
from torchvision.models import convnext, densenet, efficientnet, inception, mobilenetv3, regnet, shufflenetv2
from torchvision.models.googlenet import BasicConv2d, GoogLeNet, Inception, InceptionAux

from entry import Entry

PICTURE = (3, 64, 64)


def resnet(block, layers, **options):
    return timm_resnet.ResNet(block, layers, num_classes=10, channels=(16, 24, 32, 48), stem_width=16, **options)


def resnext():
    return resnet(timm_resnet.Bottleneck, (2, 2, 2, 2), cardinality=4, base_width=32)


def regnet_of(se_ratio):
    params = regnet.BlockParams.from_init_params(depth=9, w_0=16, w_a=12.0, w_m=2.0, group_width=8, se_ratio=se_ratio)
    return regnet.RegNet(params, num_classes=10, stem_width=16)


def vgg():
    with torch.device('meta'):  # the classifier is replaced: its own would be 100 million weights
        model = models.vgg.VGG(nn.Identity(), init_weights=False)
    layers = [8, 'M', 16, 'M', 32, 32, 'M', 48, 48, 'M', 48, 48, 'M']
    model.features = models.vgg.make_layers(layers, batch_norm=True)
    model.avgpool = nn.AdaptiveAvgPool2d((2, 2))
    model.classifier = nn.Sequential(nn.Linear(48 * 4, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 64),
                                     nn.ReLU(True), nn.Dropout(), nn.Linear(64, 10))
    return model


def shufflenet():
    return shufflenetv2.ShuffleNetV2([4, 8, 4], [16, 32, 64, 96, 128], num_classes=10)


def mobilenet_v1():
    return timm_efficientnet._gen_mobilenet_v1('mobilenetv1_100', channel_multiplier=0.25, num_classes=10)


def mobilenet_v3(size):
    setting, last = mobilenetv3._mobilenet_v3_conf(f'mobilenet_v3_{size}', width_mult=0.35)
    return mobilenetv3.MobileNetV3(setting, last // 4, num_classes=10)


def efficientnet_b0():
    setting, last = efficientnet._efficientnet_conf('efficientnet_b0', width_mult=0.35, depth_mult=1.0)
    return efficientnet.EfficientNet(setting, dropout=0.2, num_classes=10, last_channel=128)


def efficientnet_v2():
    block = efficientnet.FusedMBConvConfig, efficientnet.MBConvConfig
    setting = [block[0](1, 3, 1, 16, 16, 2), block[0](4, 3, 2, 16, 24, 2), block[1](4, 3, 2, 24, 40, 3)]
    return efficientnet.EfficientNet(setting, dropout=0.2, num_classes=10, last_channel=128)


def densenet_bc():
    return densenet.DenseNet(growth_rate=8, block_config=(3, 4, 6, 4), num_init_features=16, num_classes=10)


def thin(block):
    """A block that makes a quarter of the channels that it is asked for; the picture's three stay."""
    return lambda *channels, **options: block(*[c if c == 3 else c // 4 for c in channels], **options)


def googlenet_thin():
    model = GoogLeNet(10, False, init_weights=False, blocks=[thin(BasicConv2d), thin(Inception), InceptionAux])
    model.fc = nn.Linear(256, 10)
    return model


def inception_v3():
    conv = thin(inception.BasicConv2d)
    blocks = [inception.InceptionA, inception.InceptionB, inception.InceptionC, inception.InceptionD,
              inception.InceptionE]
    blocks = [conv] + [partial(block, conv_block=conv) for block in blocks] + [inception.InceptionAux]
    model = inception.Inception3(10, False, init_weights=False, inception_blocks=blocks)
    model.fc = nn.Linear(512, 10)
    return model


def convnext_tiny():
    setting = [convnext.CNBlockConfig(16, 32, 2), convnext.CNBlockConfig(32, 48, 2), convnext.CNBlockConfig(48, None, 3)]
    return convnext.ConvNeXt(setting, num_classes=10)


def convnext_v2():
    return timm_convnext.ConvNeXt(num_classes=10, depths=(1, 1, 3, 1), dims=(16, 24, 32, 48), use_grn=True,
                                  ls_init_value=None)


ENTRIES = [
    Entry('resnet18', partial(resnet, timm_resnet.BasicBlock, (2, 2, 2, 2)), PICTURE, ('BasicBlock',)),
    Entry('resnet50', partial(resnet, timm_resnet.Bottleneck, (3, 4, 6, 3)), PICTURE, ('Bottleneck',), opset=18, dynamo=True),
    Entry('resnext50', resnext, PICTURE, ('Bottleneck',), opset=13),
    Entry('regnet_x', partial(regnet_of, None), PICTURE, ('ResBottleneckBlock',), opset=13),
    Entry('regnet_y', partial(regnet_of, 0.25), PICTURE, ('ResBottleneckBlock',)),
    Entry('vgg11_bn', vgg, PICTURE, ('Conv2d',), opset=13),
    Entry('squeezenet1_1', partial(models.squeezenet1_1, num_classes=10), PICTURE, ('Fire',), None, opset=13),
    Entry('shufflenet_v2', shufflenet, PICTURE, ('InvertedResidual',)),
    Entry('shufflenet_v2_dynamo', shufflenet, PICTURE, ('InvertedResidual',), opset=18, dynamo=True),
    Entry('mobilenet_v1', mobilenet_v1, PICTURE,
          ('DepthwiseSeparableConv',), None, opset=13),
    Entry('mobilenet_v2', partial(models.mobilenet_v2, num_classes=10, width_mult=0.25), PICTURE, ('InvertedResidual',), None),
    Entry('mobilenet_v3_small', partial(mobilenet_v3, 'small'), PICTURE, ('InvertedResidual',), None, opset=13),
    Entry('mobilenet_v3_large', partial(mobilenet_v3, 'large'), PICTURE, ('InvertedResidual',), None),
    Entry('mnasnet', partial(models.mnasnet0_5, num_classes=10), PICTURE, ('_InvertedResidual',), None, opset=13),
    Entry('efficientnet_b0', efficientnet_b0, PICTURE, ('MBConv',), None),
    Entry('efficientnet_v2_dynamo', efficientnet_v2, PICTURE, ('FusedMBConv', 'MBConv'), None, opset=18, dynamo=True),
    Entry('densenet', densenet_bc, PICTURE, ('_DenseBlock', '_Transition')),
    Entry('googlenet', googlenet_thin, PICTURE, ('Inception',), opset=13),
    Entry('inception_v3', inception_v3, (3, 96, 96),
          ('InceptionA', 'InceptionB', 'InceptionC', 'InceptionD', 'InceptionE')),
    Entry('convnext', convnext_tiny, PICTURE, ('CNBlock',)),
    Entry('convnext_opset13', convnext_tiny, PICTURE, ('CNBlock',), opset=13),
    Entry('convnext_v2', convnext_v2, PICTURE, ('ConvNeXtBlock',)),
]
