#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets from the fixtures in tests/data. Run it by hand; seeds are under version control."""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data")


def read(name):
    with open(os.path.join(DATA, name), "rb") as file:
        return file.read()


def seed(target, name, content):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def block(table, at):
    """Contents of the block whose handle stands at that place."""
    offset, at = varint(table, at)
    size, at = varint(table, at)
    return table[offset:offset + size], at


def entries(contents):
    restarts = struct.unpack("<I", contents[-4:])[0]
    end = len(contents) - 4 - 4 * restarts
    at, key = 0, b""
    while at < end:
        shared, at = varint(contents, at)
        more, at = varint(contents, at)
        size, at = varint(contents, at)
        key = key[:shared] + contents[at:at + more]
        value = contents[at + more:at + more + size]
        at += more + size
        yield key, value


def blocks(table):
    """The index block and the data blocks."""
    _, at = block(table, len(table) - 48)
    index, _ = block(table, at)
    return index, [block(table, table.rindex(handle))[0] for _, handle in entries(index)]


def listed(table):
    """As fuzz_table takes it."""
    out = b""
    for contents in blocks(table)[1]:
        for key, value in entries(contents):
            out += struct.pack(">H", len(key)) + key + struct.pack(">H", len(value)) + value
    return out


def records(data):
    at = 0
    while at < len(data):
        size = struct.unpack("<Q", data[at:at + 8])[0]
        yield data[at + 12:at + 12 + size]
        at += 16 + size


def main():
    for name in ("types.ckpt-7.index", "adam.ckpt-3.index"):
        seed("bundle", name, listed(read(name)))
    seed("v1", "types_v1.ckpt", listed(read("types_v1.ckpt")))
    for name in ("types.ckpt-7.index", "types_v1.ckpt"):
        index, data = blocks(read(name))
        seed("table", name, b"\0\0" + struct.pack(">H", len(data[0])) + data[0] + index)
    snappy = bytes([13, 12 << 2, 0, 1, 1]) + b"kv" + bytes([0, 0, 0, 0, 1, 0, 0, 0])
    seed("table", "snappy", b"\0\1" + struct.pack(">H", len(snappy)) + snappy + bytes([0, 1, 2]) + b"k" + bytes(
        [0, len(snappy), 0, 0, 0, 0, 1, 0, 0, 0]))
    seed("table", "raw", read("adam.ckpt-3.index"))
    for name in ("examples.tfrecord", "examples.tfrecord.gz", "examples.tfrecord.zlib"):
        seed("tfrecord", name, b"\0" + read(name))
    seed("tfrecord", "framed", b"\1abc")
    for i, record in enumerate(records(read("sequences.tfrecord"))):
        seed("sequence_example", "record%d" % i, record)
    for i, record in enumerate(records(read("examples.tfrecord"))):
        if i < 2:
            seed("example", "record%d" % i, record)
    seed("events", "file", read("events.tfevents"))
    for i, record in enumerate(records(read("events.tfevents"))):
        if len(record) < 1000:
            seed("events", "event%d" % i, record)
    for name in sorted(os.listdir(DATA)):
        if name.startswith("image_") and not name.endswith(".pixels"):
            seed("png" if name.endswith(".png") else "jpeg", name, read(name))
    seed("state", "written", read("checkpoint"))
    seed("state", "all", b'# note\nmodel_checkpoint_path: "m\\303\\244\\"-2"\nall_model_checkpoint_paths: "/a/m-1" '
         b"all_model_checkpoint_paths: 'm' \"-2\"\nall_model_checkpoint_timestamps: 1.5e9\n"
         b"all_model_checkpoint_timestamps: 2\nlast_preserved_timestamp: 0.5\nlater: 7")
    idx = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    seed("idx", "plain", idx)
    start = b"SLIMCL02" + struct.pack("<Q", 77)
    findings = struct.pack("<QiQi", 5, 1, 6, 2)
    one = struct.pack("<QQQI", 1, 2, len(findings), 0) + findings
    seed("cache", "findings", start + one)
    seed("cache", "two", start + struct.pack("<QQQI", 3, 4, 5, 0) + b"12345" + one)
    seed("cache", "empty", start)
    import gzip
    seed("idx", "gzip", gzip.compress(idx, mtime=0))


main()
