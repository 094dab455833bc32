"""Writes the zoo: models as exporters write them, rows to run them on, and zoo.json, which describes both.

    make_zoo.py FOLDER [NAME...]
"""
import json
import logging
import multiprocessing
import sys
import traceback
import warnings
from pathlib import Path

import torch

import attention
import convolutional
import keras_form
import sequences
from blocks import block_ends
from weights import randomise

ROWS = 5
ENTRIES = convolutional.ENTRIES + attention.ENTRIES + sequences.ENTRIES


def export(entry, model, path):
    names = dict(input_names=['input'], output_names=['logits'], opset_version=entry.opset)
    if not entry.dynamo:
        torch.onnx.export(model, (entry.rows(1, 0),), str(path), dynamo=False,
                          dynamic_axes={'input': {0: 'batch'}, 'logits': {0: 'batch'}}, **names)
        return
    batch = torch.export.Dim('batch', min=1, max=1024)
    torch.onnx.export(model, (entry.rows(2, 0),), dynamo=True, optimize=entry.optimize, verbose=False,
                      dynamic_shapes=({0: batch},), **names).save(str(path))


def check_logits(name, logits):
    """Rows must differ, or agreement would show nothing."""
    spread = logits.std(dim=0).mean() / logits.abs().mean()
    if not torch.isfinite(logits).all() or not 0.02 < spread or not 1e-3 < logits.abs().max() < 1e4:
        raise ValueError(f'{name}: degenerate logits, spread {spread}, largest {logits.abs().max()}')


def make_or_tell(task):
    """Some of the exporters' errors do not survive the way between processes: their text does."""
    try:
        return make(*task)
    except Exception:
        return f'{task[1]}: {traceback.format_exc(limit=4)}'


def make(folder, name, seed):
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    entry = next(entry for entry in ENTRIES if entry.name == name)
    model = randomise(entry, seed)
    rows = entry.rows(ROWS, seed + 2)
    with torch.no_grad():
        check_logits(name, model(rows))
    ends, macs = block_ends(entry, model)
    export(entry, model, folder / f'{name}.onnx')
    (folder / f'{name}.rows').write_bytes(rows.numpy().tobytes())
    return {'name': name, 'exporter': 'dynamo' if entry.dynamo else 'torchscript', 'opset': entry.opset,
            'dtype': 'int64' if entry.vocabulary else 'float32', 'dims': [ROWS, *entry.dims],
            'macs': macs, 'blocks': ends, 'inside': entry.inside}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    tasks = [(folder, entry.name, 100 * number) for number, entry in enumerate(ENTRIES)
             if not wanted or entry.name in wanted]
    with multiprocessing.get_context('fork').Pool(maxtasksperchild=8) as pool:
        made = pool.map(make_or_tell, tasks, chunksize=1)
    failures = [text for text in made if isinstance(text, str)]
    if failures:
        sys.exit('\n'.join(failures))
    made += [keras_form.make(folder, model) for model in keras_form.MODELS if not wanted or model in wanted]
    (folder / 'zoo.json').write_text(json.dumps(made, indent=1) + '\n')


if __name__ == '__main__':
    main()
