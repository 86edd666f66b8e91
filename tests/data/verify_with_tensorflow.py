#!/usr/bin/env python3
"""Reads with TensorFlow what the library writes, and prints what it checked.

    BUILD/tests/unit/write_samples FOLDER && verify_with_tensorflow.py FOLDER
"""
import glob
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

CHECKPOINT = {
    "Net/conv1/weights": ("float32", [3, 3, 2, 8]), "Net/conv1/biases": ("float32", [8]), "a/double": ("float64", [2, 3]),
    "a/int32": ("int32", [5]), "a/int64": ("int64", [2, 1, 2]), "a/uint8": ("uint8", [9]), "a/bool": ("bool", [3]),
    "a/empty": ("float32", [0, 4]), "global_step": ("int64", []),
}


def values(dtype, shape):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    if dtype.startswith("float"):
        i = i / 8 - 3
    elif dtype.startswith("int"):
        i = i * 3 - 7
    elif dtype == "bool":
        i = i % 2 == 0
    return i.reshape(shape).astype(dtype)


def check(condition, what):
    if not condition:
        sys.exit("FAILED: " + what)


def verify_checkpoint(folder):
    latest = tf.train.latest_checkpoint(folder)
    check(latest == os.path.join(folder, "model.ckpt-7"), "latest_checkpoint gives %s" % latest)
    state = tf.train.get_checkpoint_state(folder)
    check(list(state.all_model_checkpoint_timestamps) == [1.5e9], "timestamps of the checkpoint state")
    reader = tf.train.load_checkpoint(latest)
    check(set(reader.get_variable_to_shape_map()) == set(CHECKPOINT), "names of the checkpoint")
    for name, (dtype, shape) in CHECKPOINT.items():
        tensor = np.asarray(reader.get_tensor(name))
        check(tensor.dtype == dtype and list(tensor.shape) == shape, "type or shape of " + name)
        check(np.array_equal(tensor, values(dtype, shape)), "values of " + name)
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:  # restored as a user of TF-Slim does
        with v1.variable_scope("Net/conv1"):
            weights = v1.get_variable("weights", [3, 3, 2, 8])
        v1.train.Saver([weights]).restore(session, latest)
        check(np.array_equal(session.run(weights), values("float32", [3, 3, 2, 8])), "Saver.restore")
    print("checkpoint: %d tensors by load_checkpoint, one by Saver.restore, state file" % len(CHECKPOINT))


def verify_records(folder):
    features = {
        "image/class/label": tf.io.FixedLenFeature([3], tf.int64), "image/format": tf.io.FixedLenFeature([], tf.string),
        "image/encoded": tf.io.FixedLenFeature([], tf.string), "box": tf.io.FixedLenFeature([2], tf.float32),
        "none": tf.io.VarLenFeature(tf.float32),
    }
    count = 0
    for i, record in enumerate(tf.data.TFRecordDataset(os.path.join(folder, "examples.tfrecord"))):
        parsed = tf.io.parse_single_example(record, features)
        check(parsed["image/class/label"].numpy().tolist() == [i, -i, -(1 << 63)], "labels of record %d" % i)
        check(parsed["image/format"].numpy() == b"png", "format of record %d" % i)
        check(parsed["box"].numpy().tolist() == [0.5 * i, -1.25], "box of record %d" % i)
        check(parsed["none"].values.shape[0] == 0, "empty list of record %d" % i)
        pixels = tf.io.decode_png(parsed["image/encoded"]).numpy()
        check(np.array_equal(pixels, (np.arange(72) + i).reshape(4, 6, 3)), "pixels of record %d" % i)
        count += 1
    check(count == 5, "number of records is %d" % count)
    print("TFRecord: %d examples by TFRecordDataset and parse_single_example, with a PNG each" % count)


def scaled(image):
    """A float image as TensorFlow's own image summary writes it."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        text = session.run(v1.summary.image("x", image[None]))
    return tf.io.decode_png(v1.Summary.FromString(text).value[0].image.encoded_image_string).numpy()


def histogram(samples):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        return v1.Summary.FromString(session.run(v1.summary.histogram("x", samples))).value[0].histo


def verify_events(folder):
    path, = glob.glob(os.path.join(folder, "events.out.tfevents.*"))
    seen = {"scalar": 0, "histogram": 0, "image": 0, "session": 0}
    pixels = values("float32", [2, 5, 4, 1])
    for number, event in enumerate(tf.compat.v1.train.summary_iterator(path)):
        check((event.file_version == "brain.Event:2") == (number == 0), "file_version of event %d" % number)
        if event.HasField("session_log"):
            check(event.session_log.checkpoint_path == "model.ckpt-7", "session log")
            seen["session"] += 1
        for value in event.summary.value:
            if value.HasField("simple_value"):
                check(value.tag == "loss" and value.simple_value == np.float32(1 / (event.step + 1)), "scalar")
                seen["scalar"] += 1
            elif value.HasField("histo"):
                ours, theirs = value.histo, histogram(values("float32", [100]))
                check(ours.SerializeToString() == theirs.SerializeToString(), "histogram differs from TensorFlow's")
                seen["histogram"] += 1
            elif value.HasField("image"):
                image = tf.io.decode_png(value.image.encoded_image_string).numpy()
                check(np.array_equal(image, scaled(pixels[seen["image"]])), "pixels of " + value.tag)
                check(value.tag == "pictures/image/%d" % seen["image"], "tag " + value.tag)
                check((value.image.height, value.image.width, value.image.colorspace) == (5, 4, 1), "size of " + value.tag)
                seen["image"] += 1
    check(seen == {"scalar": 3, "histogram": 3, "image": 2, "session": 1}, "events seen: %s" % seen)
    print("events: %s by summary_iterator; histograms and image scaling equal TensorFlow's" % seen)
    try:
        from tensorboard.backend.event_processing import event_accumulator
    except ImportError:
        print("events: tensorboard is not installed, its reader was not tried")
        return
    loaded = event_accumulator.EventAccumulator(folder)
    loaded.Reload()
    tags = loaded.Tags()
    check(tags["scalars"] == ["loss"] and tags["histograms"] == ["weights"] and len(tags["images"]) == 2, "TensorBoard's tags")
    check([s.step for s in loaded.Scalars("loss")] == [0, 1, 2], "TensorBoard's scalars")
    print("events: TensorBoard's EventAccumulator reads scalars, histograms and images")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    verify_checkpoint(sys.argv[1])
    verify_records(sys.argv[1])
    verify_events(sys.argv[1])
