#!/usr/bin/env python3
"""Makes the small files of this folder with TensorFlow itself. Run it by hand; the results are under version control.

Needs TensorFlow 2. Every value follows from its index, so that the tests can say what it must be:
  float tensors     value(i) = i / 8 - 3
  integer tensors   value(i) = i * 3 - 7
"""
import glob
import os
import shutil
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))


def floats(shape, dtype=np.float32):
    return (np.arange(int(np.prod(shape)), dtype=np.float64) / 8 - 3).reshape(shape).astype(dtype)


def ints(shape, dtype):
    return (np.arange(int(np.prod(shape)), dtype=np.int64) * 3 - 7).reshape(shape).astype(dtype)


def checkpoint_v2():
    """All element types that graphs have, a string tensor, an empty tensor, a scalar and a partitioned variable."""
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.get_variable("types/float", initializer=floats([2, 3, 4]))
        v1.get_variable("types/double", initializer=floats([5], np.float64))
        v1.get_variable("types/half", initializer=floats([3, 3], np.float16))
        v1.get_variable("types/int64", initializer=ints([4], np.int64))
        v1.get_variable("types/int32", initializer=ints([2, 2], np.int32))
        v1.get_variable("types/uint8", initializer=np.arange(7, dtype=np.uint8))
        v1.get_variable("types/bool", initializer=np.array([True, False, True]))
        v1.get_variable("types/empty", initializer=np.zeros([0, 3], np.float32))
        v1.get_variable("types/scalar", initializer=np.float32(0.1))
        v1.Variable(np.array(["", "one", "two words", "\u00e4"]), name="types/string", dtype=tf.string, use_resource=False)
        v1.get_variable("split", shape=[10, 4], initializer=lambda shape, dtype=None, partition_info=None: tf.constant(
            floats([10, 4])[partition_info.var_offset[0]:partition_info.var_offset[0] + shape[0]]),
            partitioner=v1.fixed_size_partitioner(3), use_resource=False)
        v1.train.create_global_step()
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            saver = v1.train.Saver(write_version=v1.train.SaverDef.V2)
            saver.save(session, "types.ckpt", global_step=7, write_meta_graph=False)
            old = v1.train.Saver([v for v in v1.global_variables() if "string" not in v.name],
                                 write_version=v1.train.SaverDef.V1)
            old.save(session, "types_v1.ckpt", write_state=False, write_meta_graph=False)


def adam_net():
    """A tiny net with batch norm, trained for three steps by Adam: names and slots as users have them."""
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        v1.set_random_seed(1)
        x = tf.constant(np.random.RandomState(0).randn(8, 6, 6, 2).astype(np.float32))
        with v1.variable_scope("Net/conv1"):
            w = v1.get_variable("weights", [3, 3, 2, 4])
            b = v1.get_variable("biases", [4], initializer=v1.zeros_initializer())
            y = tf.nn.bias_add(tf.nn.conv2d(x, w, 1, "SAME"), b)
        y = v1.layers.batch_normalization(y, training=True, name="Net/conv1/BatchNorm")
        loss = tf.reduce_mean(tf.square(tf.nn.relu(y)))
        step = v1.train.create_global_step()
        updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(updates):
            train = v1.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            for _ in range(3):
                session.run(train)
            v1.train.Saver(write_version=v1.train.SaverDef.V2).save(
                session, "adam.ckpt", global_step=step, write_state=False, write_meta_graph=False)


def records():
    def feature(kind, values):
        if kind == "bytes":
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        if kind == "float":
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    for name, compression in (("examples.tfrecord", ""), ("examples.tfrecord.gz", "GZIP"), ("examples.tfrecord.zlib", "ZLIB")):
        with tf.io.TFRecordWriter(name, tf.io.TFRecordOptions(compression_type=compression)) as writer:
            for i in range(5):
                writer.write(tf.train.Example(features=tf.train.Features(feature={
                    "image/class/label": feature("int64", [i, -i, 1 << 40]),
                    "image/format": feature("bytes", [b"png"]),
                    "image/encoded": feature("bytes", [bytes(range(i, i + 20)), b""]),
                    "box": feature("float", [0.5 * i, -1.25]),
                    "nothing": tf.train.Feature(),
                    "empty": feature("int64", []),
                })).SerializeToString())


def images():
    rng = np.random.RandomState(3)
    for name, shape, dtype in (("grey", [5, 7, 1], np.uint8), ("grey_alpha", [5, 7, 2], np.uint8), ("rgb", [5, 7, 3], np.uint8),
                               ("rgba", [5, 7, 4], np.uint8), ("rgb16", [5, 7, 3], np.uint16)):
        pixels = rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
        tf.io.write_file("image_%s.png" % name, tf.io.encode_png(pixels))
    y, x = np.mgrid[0:20, 0:24]
    smooth = np.stack([x * 10, y * 12, 255 - x * 5 - y * 4], -1).astype(np.uint8)
    tf.io.write_file("image_rgb.jpg", tf.io.encode_jpeg(smooth, quality=90))
    tf.io.write_file("image_grey.jpg", tf.io.encode_jpeg(smooth[:, :, :1], quality=90))
    tf.io.write_file("image_progressive.jpg", tf.io.encode_jpeg(smooth, quality=90, progressive=True))
    # what TensorFlow makes of each: channels asked for, then the pixels
    for path in sorted(glob.glob("image_*.png") + glob.glob("image_*.jpg")):
        decode = tf.io.decode_png if path.endswith("png") else tf.io.decode_jpeg
        with open(path + ".pixels", "wb") as out:
            for channels in (0, 1, 3):
                pixels = decode(open(path, "rb").read(), channels=channels).numpy()
                out.write(bytes([channels]) + bytes(pixels.shape) + pixels.tobytes())


def events():
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        writer = v1.summary.FileWriter("events")
        values = v1.placeholder(tf.float32, [None])
        histogram = v1.summary.histogram("weights", values)
        for step in range(3):
            writer.add_summary(v1.Summary(value=[v1.Summary.Value(tag="loss", simple_value=1.0 / (step + 1))]), step)
            writer.add_summary(session.run(histogram, {values: floats([100]) * step}), step)
        image = v1.summary.image("pictures", floats([2, 3, 4, 3]))
        writer.add_summary(session.run(image), 3)
        writer.add_session_log(v1.SessionLog(status=v1.SessionLog.CHECKPOINT, checkpoint_path="model.ckpt-3"), 3)
        writer.close()
    shutil.move(glob.glob("events/events.out.tfevents.*")[0], "events.tfevents")
    os.rmdir("events")


def main():
    os.chdir(HERE)  # paths in the files are relative
    for make in (checkpoint_v2, adam_net, records, images, events):
        make()
    return 0


if __name__ == "__main__":
    sys.exit(main())
