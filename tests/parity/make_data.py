#!/usr/bin/env python3
"""Writes tests/data/sequences.tfrecord, tests/data/sparse.tfrecord and data.txt: what TF-Slim's decoders make of them.

Needs TensorFlow 2.x and tf_slim, whose versions the first line names. A line is: case key values; the cases are "sequence"
or "sparse" with the record's number, the keys items with ".shape" and ".values", of a sparse item also ".indices" and
".dense". Items are those of tests/unit/test_data_parity.c. Usage: make_data.py > data.txt
"""
import importlib.metadata
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import numpy as np
import tensorflow as tf2
import tf_slim as slim

tf = tf2.compat.v1
tf.disable_eager_execution()
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data')
decoder = slim.tfexample_decoder
CLASSES = ['cat', 'dog', 'bird', 'a', '']


def feature(values):
    if values and isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if values and isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def typed(kind, values):
    """An empty list of a kind is not the same as nothing."""
    if kind is float:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    if kind is bytes:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def sequence(context, lists):
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={k: feature(v) for k, v in context.items()}),
        feature_lists=tf.train.FeatureLists(feature_list={
            k: tf.train.FeatureList(feature=[typed(kind, v) for v in rows]) for k, (kind, rows) in lists.items()}))


def boxes(counts, offset=0.0):
    """Four lists of coordinates with so many boxes a step."""
    rows = {}
    for k, key in enumerate(('ymin', 'xmin', 'ymax', 'xmax')):
        rows['box/' + key] = (float, [[offset + 0.25 * k + t + 0.125 * i for i in range(n)] for t, n in enumerate(counts)])
    return rows


def sequences():
    points = {'point/y': (float, [[0.5], [1.5, 2.5], []]), 'point/x': (float, [[-0.5], [-1.5, -2.5], []])}
    classes = (bytes, [[b'dog', b'none'], [], [b'cat']])
    yield sequence({'id': [7], 'words': [b'one', b'', b'three']},
                   {**boxes([2, 0, 3]), **points, 'pair': (int, [[1, 2], [3, -4], [5, 6]]), 'class': classes,
                    'ids': (int, [[3, 5], [], [0, 2, 4]])})
    yield sequence({'id': [-1]}, {**boxes([]), 'point/y': (float, []), 'point/x': (float, [])})
    yield sequence({'id': [1 << 40], 'words': [b'x']},
                   {**boxes([1], 8.0), 'point/y': (float, [[], []]), 'point/x': (float, [[], []]),
                    'pair': (int, [[9, 8]]), 'class': (bytes, [[b'a', b'bird', b'']]), 'ids': (int, [[1]])})


def sequence_decoder(table):
    ragged = {key: tf.VarLenFeature(tf.float32) for key in
              ('box/ymin', 'box/xmin', 'box/ymax', 'box/xmax', 'point/y', 'point/x')}
    return decoder.TFSequenceExampleDecoder(
        {'id': tf.FixedLenFeature([], tf.int64), 'words': tf.VarLenFeature(tf.string)},
        {**ragged, 'pair': tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True),
         'class': tf.VarLenFeature(tf.string), 'ids': tf.VarLenFeature(tf.int64)},
        {'id': decoder.Tensor('id'),
         'boxes': decoder.BoundingBoxSequence(prefix='box/'),
         'boxes_half': decoder.BoundingBoxSequence(keys=['xmin', 'ymin', 'xmax', 'ymax'], prefix='box/', default_value=0.5),
         'num_boxes': decoder.NumBoxesSequence(['box/ymin', 'box/xmax']),
         'keypoints': decoder.KeypointsSequence(prefix='point/'),
         'pair': decoder.Tensor('pair'),
         'ids': decoder.Tensor('ids'),
         'ids_seven': decoder.Tensor('ids', default_value=-7),
         'class': decoder.LookupTensor('class', table),
         'placed': decoder.SparseTensor('ids', 'box/ymin', shape=[3, 6], densify=True, default_value=-1.0),
         'placed_sparse': decoder.SparseTensor('ids', 'box/ymin', shape=[3, 6])})


def sparse_records():
    for values in ({'indices': [1, 4, 5], 'values': [0.5, -2.0, 8.0], 'size': [9], 'class': [b'bird'], 'list': [1, 2, 3, 4, 5, 6],
                    'shape': [2, 3], 'other': [4]},
                   {'indices': [], 'values': [], 'size': [2], 'class': [b'cow'], 'list': [6, 5, 4, 3, 2, 1], 'shape': [3, 2],
                    'other': [7]},
                   {'indices': [0], 'values': [3.0], 'size': [1], 'class': [b'cat'], 'list': [-1], 'shape': [1, 1], 'other': []}):
        kinds = {'values': float, 'class': bytes}
        yield tf.train.Example(features=tf.train.Features(feature={
            k: typed(kinds.get(k, int), v) for k, v in values.items()}))


def sparse_decoder(table):
    tensor = decoder.Tensor
    return decoder.TFExampleDecoder(
        {'indices': tf.VarLenFeature(tf.int64), 'values': tf.VarLenFeature(tf.float32), 'size': tf.FixedLenFeature([1], tf.int64),
         'class': tf.FixedLenFeature([], tf.string), 'list': tf.VarLenFeature(tf.int64),
         'shape': tf.FixedLenFeature([2], tf.int64), 'other': tf.VarLenFeature(tf.int64)},
        {'sparse': decoder.SparseTensor(shape=[10]),
         'dense': decoder.SparseTensor(shape=[10], densify=True),
         'dense_half': decoder.SparseTensor(shape_key='size', densify=True, default_value=0.5),
         'class': decoder.LookupTensor('class', table),
         'list': tensor('list', shape_keys=['shape']),
         'backup': decoder.BackupHandler(tensor('other'), tensor('list'))})


def write(case, record, make):
    graph = tf.Graph()
    with graph.as_default(), tf.Session() as session:
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
            tf.constant(CLASSES), tf.constant(list(range(10, 10 + len(CLASSES))), dtype=tf.int64)), -1)
        made = make(table)
        names = sorted(made.list_items())
        items = dict(zip(names, made.decode(tf.constant(record), names)))
        session.run(tf.tables_initializer())
        for name, item in items.items():
            try:
                value = session.run(item)
            except tf.errors.InvalidArgumentError:
                print(case, name + '.error', 'yes')
                continue
            sparse = isinstance(value, tf.SparseTensorValue)
            array = np.asarray(value.values if sparse else value)
            for key, numbers in (('shape', array.shape), ('values', array)) + (
                    (('indices', value.indices), ('dense', value.dense_shape)) if sparse else ()):
                text = ' '.join('%.9g' % x for x in np.asarray(numbers).ravel())
                if text:
                    print(case, name + '.' + key, text)


def main():
    print('# TensorFlow %s, tf_slim %s' % (tf2.__version__, importlib.metadata.version('tf_slim')))
    for name, records, make in (('sequence', sequences(), sequence_decoder), ('sparse', sparse_records(), sparse_decoder)):
        with tf.io.TFRecordWriter(os.path.join(HERE, name + 's.tfrecord' if name == 'sequence' else name + '.tfrecord')) as writer:
            for i, record in enumerate(records):
                text = record.SerializeToString(deterministic=True)
                writer.write(text)
                write('%s%d' % (name, i), text, make)


if __name__ == '__main__':
    main()
