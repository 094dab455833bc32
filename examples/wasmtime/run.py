"""Runs a package on rows of a .npy file under wasmtime, through Offramp's C-ABI (wasm/dist/wasi/offramp_c.h says what each call does).

usage: python3 run.py offramp.wasm model.offramp rows.npy      (pip install wasmtime; nothing else)
Prints a line of JSON per row: class, exit, score, probabilities.
"""
import ast
import json
import struct
import sys
import zipfile

from wasmtime import Engine, Linker, Module, Store, WasiConfig

EXITED, NEEDS_STAGE = 1, 2
ELEMENT_TYPES = {'<f4': 0, '<f8': 1, '<i8': 3, '<i4': 4, '<i2': 5, '|i1': 6, '<u2': 7, '|u1': 8}


class Offramp:
    """The module, and one session in it."""

    def __init__(self, wasm_path, files):
        engine = Engine()
        self.store = Store(engine)
        wasi = WasiConfig()
        wasi.inherit_stderr()  # where a failed check of ours says what it was; nothing else is needed
        self.store.set_wasi(wasi)
        linker = Linker(engine)
        linker.define_wasi()
        instance = linker.instantiate(self.store, Module.from_file(engine, wasm_path))
        self.exports = instance.exports(self.store)
        self.memory = self.exports['memory']
        self.call('_initialize')
        self.session = self.call('offramp_create')
        blocks = []
        for name, content in files.items():
            blocks += [self.copy_in(name.encode()), self.copy_in(content)]
            self.check(self.call('offramp_add_file', self.session, blocks[-2], len(name.encode()), blocks[-1], len(content)))
        self.check(self.call('offramp_open', self.session, 0))
        for block in blocks:
            self.call('offramp_free', block)

    def call(self, name, *arguments):
        return self.exports[name](self.store, *arguments)

    def copy_in(self, data):
        """Copies bytes into the module's memory. Errors: MemoryError."""
        block = self.call('offramp_allocate', len(data))
        if block == 0:
            raise MemoryError(f'no {len(data)} bytes in the module')
        self.memory.write(self.store, data, block)
        return block

    def check(self, status):
        if status < 0:
            raise RuntimeError(self.text(self.call('offramp_error', self.session)))
        return status

    def text(self, start):
        end = start
        while self.memory.read(self.store, end, end + 1) != b'\0':
            end += 1
        return self.memory.read(self.store, start, end).decode()

    def run(self, element_type, shape, data):
        sizes, sample = self.copy_in(struct.pack(f'<{len(shape)}q', *shape)), self.copy_in(data)
        status = self.check(self.call('offramp_begin', self.session, element_type, sizes, len(shape), sample, len(data)))
        self.call('offramp_free', sizes)
        self.call('offramp_free', sample)
        while status == NEEDS_STAGE:
            status = self.check(self.call('offramp_go_on', self.session))
        count, start = self.call('offramp_classes', self.session), self.call('offramp_probabilities', self.session)
        return {
            'class': self.call('offramp_class', self.session),
            'exit': self.call('offramp_exit', self.session),
            'score': self.call('offramp_score', self.session),
            'probabilities': list(struct.unpack(f'<{count}f', self.memory.read(self.store, start, start + 4 * count))),
        }


def read_rows(path):
    """A .npy file in C order: its element type, the shape of a row, and the rows' bytes."""
    with open(path, 'rb') as file:
        content = file.read()
    begin = 12 if content[6] > 1 else 10
    length = int.from_bytes(content[8:begin], 'little')
    header = ast.literal_eval(content[begin:begin + length].decode())
    rows, *shape = header['shape']
    if header['fortran_order'] or header['descr'] not in ELEMENT_TYPES:
        sys.exit(f'{path}: {header["descr"]}, expected little-endian numbers in C order')
    data = content[begin + length:]
    size = len(data) // max(rows, 1)
    return ELEMENT_TYPES[header['descr']], shape, [data[row * size:(row + 1) * size] for row in range(rows)]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    wasm_path, package_path, rows_path = sys.argv[1:]
    with zipfile.ZipFile(package_path) as package:
        files = {name: package.read(name) for name in package.namelist()}
    offramp = Offramp(wasm_path, files)
    element_type, shape, rows = read_rows(rows_path)
    for row in rows:
        print(json.dumps(offramp.run(element_type, shape, row)))


main()
