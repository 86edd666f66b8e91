"""Reads the variables of a TensorFlow V2 checkpoint as numpy arrays; what slimcl bench --save_path writes, peers start from."""

import collections.abc

import numpy

TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}
FOOTER = 48  # two block handles, padded, and a magic number


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The fields of a protocol buffer message: number -> last value, an int or bytes."""
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            found[key >> 3], at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            found.setdefault((key >> 3, "all"), []).append(data[at : at + size])
            found[key >> 3], at = data[at : at + size], at + size
        else:  # fixed 64 or 32 bits
            size = 8 if key & 7 == 1 else 4
            found[key >> 3], at = data[at : at + size], at + size
    return found


def block(table, handle):
    """Keys and values of a block of the table; handle: offset and size as varints."""
    offset, at = varint(handle, 0)
    size, _ = varint(handle, at)
    data, key, at = table[offset : offset + size], b"", 0
    if table[offset + size] != 0:
        raise ValueError("the index is compressed")
    end = size - 4 - 4 * int.from_bytes(data[-4:], "little")
    while at < end:
        shared, at = varint(data, at)
        rest, at = varint(data, at)
        length, at = varint(data, at)
        key = key[:shared] + data[at : at + rest]
        yield key.decode(), data[at + rest : at + rest + length]
        at += rest + length


class Variables(collections.abc.Mapping):
    """Variables by name, each read from the file when it is asked for. Those of optimizers and the step are left out."""

    def __init__(self, prefix):
        self.path, self.entries = prefix + ".data-00000-of-00001", {}
        with open(prefix + ".index", "rb") as file:
            table = file.read()
        _, at = varint(table[-FOOTER:], 0)
        _, at = varint(table[-FOOTER:], at)
        for _, handle in block(table, table[-FOOTER + at :]):
            for name, value in block(table, handle):
                if name and not name.endswith("/Momentum") and name != "global_step":  # "": the header
                    self.entries[name] = fields(value)

    def __getitem__(self, name):
        entry = self.entries[name]
        shape = [fields(d).get(1, 0) for d in fields(entry.get(2, b"")).get((2, "all"), [])]
        return numpy.fromfile(self.path, TYPES[entry[1]], int(numpy.prod(shape)), offset=entry.get(4, 0)).reshape(shape)

    def __iter__(self):
        return iter(self.entries)

    def __len__(self):
        return len(self.entries)

    def bytes(self):
        """Of trained variables, and of the others: moving averages."""
        sizes = {name: entry.get(5, 0) for name, entry in self.entries.items()}
        others = sum(size for name, size in sizes.items() if "/moving_" in name)
        return sum(sizes.values()) - others, others
