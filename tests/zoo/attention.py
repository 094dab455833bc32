"""Transformers and mixers over picture patches, of torchvision and timm, at reduced width, 10 classes."""
from functools import partial

from timm.layers import set_fused_attn
from timm.models import deit as timm_deit
from timm.models import mlp_mixer as timm_mixer
from timm.models import swin_transformer as timm_swin
from timm.models import vision_transformer as timm_vit
from torchvision.models import swin_transformer, vision_transformer

from entry import Entry

PICTURE = (3, 32, 32)
TIMM = dict(num_classes=10, img_size=32)


def vit():
    return vision_transformer.VisionTransformer(32, 8, num_layers=4, num_heads=4, hidden_dim=32, mlp_dim=64,
                                                num_classes=10)


def vit_timm(model=timm_vit.VisionTransformer, **options):
    return model(patch_size=8, embed_dim=48, depth=4, num_heads=3, mlp_ratio=2.0, **TIMM, **options)


def deit():
    """With attention as matrix products and a softmax, as exporters up to opset 13 need it."""
    set_fused_attn(False)
    model = vit_timm(timm_deit.VisionTransformerDistilled)
    set_fused_attn(True)
    return model


def swin():
    return swin_transformer.SwinTransformer([2, 2], 16, [2, 2], [2, 4], [4, 4], num_classes=10)


def swin_timm():
    return timm_swin.SwinTransformer(patch_size=2, embed_dim=16, depths=(2, 2), num_heads=(2, 4), window_size=4, **TIMM)


def mixer():
    return timm_mixer.MlpMixer(patch_size=4, num_blocks=4, embed_dim=32, **TIMM)


ENTRIES = [
    Entry('vit', vit, PICTURE, ('EncoderBlock',), 1),
    Entry('vit_opset14', vit, PICTURE, ('EncoderBlock',), 1, opset=14),
    Entry('vit_timm_dynamo', vit_timm, PICTURE, ('Block',), 1, opset=18, dynamo=True),
    Entry('vit_layer_scale', partial(vit_timm, init_values=0.5, global_pool='avg'), PICTURE, ('Block',), 1),
    Entry('deit', deit, PICTURE, ('Block',), 1, opset=13),
    Entry('swin', swin, PICTURE, ('SwinTransformerBlock',), 1),
    Entry('swin_timm_dynamo', swin_timm, PICTURE, ('SwinTransformerBlock',), 1, opset=18, dynamo=True),
    Entry('mlp_mixer', mixer, PICTURE, ('MixerBlock',), 1, opset=13),
    Entry('mlp_mixer_dynamo', mixer, PICTURE, ('MixerBlock',), 1, opset=18, dynamo=True),
]
