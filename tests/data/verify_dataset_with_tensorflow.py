#!/usr/bin/env python3
"""Reads records that slimcl convert made with TensorFlow and TF-Slim, and compares them with their source.

usage: verify_dataset_with_tensorflow.py mnist|fashion_mnist SOURCE_DIR DATASET_DIR
       verify_dataset_with_tensorflow.py cifar10 SOURCE_DIR DATASET_DIR
       verify_dataset_with_tensorflow.py NAME SOURCE_DIR DATASET_DIR      (class folders)

SOURCE_DIR is what was given to slimcl convert. Needs tensorflow and tf_slim. Exits with 1 at the first difference.
"""
import glob
import gzip
import os
import sys

import numpy as np
import tensorflow as tf
import tf_slim
from tf_slim.data import dataset as slim_dataset
from tf_slim.data import dataset_data_provider
from tf_slim.data import tfexample_decoder

KEYS = {
    'image/encoded': tf.io.FixedLenFeature((), tf.string, default_value=''),
    'image/format': tf.io.FixedLenFeature((), tf.string, default_value='raw'),
    'image/class/label': tf.io.FixedLenFeature([1], tf.int64, default_value=[0]),
}
SIZES = {
    'image/height': tf.io.FixedLenFeature((), tf.int64),
    'image/width': tf.io.FixedLenFeature((), tf.int64),
}
FEATURES = sorted(list(KEYS) + list(SIZES))


def check(condition, text):
    if not condition:
        print('wrong:', text)
        sys.exit(1)


def read_idx(source, stem):
    for name in (stem, stem.replace('-idx', '.idx')):
        for path, opener in ((name, open), (name + '.gz', gzip.open)):
            path = os.path.join(source, path)
            if os.path.exists(path):
                with opener(path, 'rb') as file:
                    data = file.read()
                rank = data[3]
                shape = np.frombuffer(data, '>i4', rank, 4)
                return np.frombuffer(data, np.uint8, -1, 4 + 4 * rank).reshape(shape)
    check(False, 'no ' + stem)


def mnist_source(source, split):
    prefix = {'train': 'train', 'test': 't10k'}[split]
    images = read_idx(source, prefix + '-images-idx3-ubyte')
    return images[..., None], read_idx(source, prefix + '-labels-idx1-ubyte')


def cifar10_source(source, split):
    names = ['data_batch_%d.bin' % i for i in range(1, 6)] if split == 'train' else ['test_batch.bin']
    rows = []
    for name in names:
        path = os.path.join(source, name)
        if not os.path.exists(path):
            path = os.path.join(source, 'cifar-10-batches-bin', name)
        rows.append(np.fromfile(path, np.uint8).reshape(-1, 3073))
    rows = np.concatenate(rows)
    return rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), rows[:, 0]


def check_arrays(files, images, labels, image_format):
    """Every record, by tf.io.parse_single_example."""
    count = 0
    for record in tf.data.TFRecordDataset(files):
        raw = tf.train.Example.FromString(record.numpy())
        check(sorted(raw.features.feature) == FEATURES, 'features of record %d' % count)
        example = tf.io.parse_single_example(record, {**KEYS, **SIZES})
        pixels = tf.io.decode_image(example['image/encoded']).numpy()
        check(example['image/format'].numpy() == image_format, 'format of record %d' % count)
        check(np.array_equal(pixels, images[count]), 'pixels of record %d' % count)
        check(example['image/class/label'].numpy()[0] == labels[count], 'label of record %d' % count)
        check(example['image/height'].numpy() == pixels.shape[0], 'height of record %d' % count)
        check(example['image/width'].numpy() == pixels.shape[1], 'width of record %d' % count)
        count += 1
    check(count == len(labels), '%d records, %d expected' % (count, len(labels)))
    return count


def check_slim(files, shape, images, labels, count):
    """The first records, by TF-Slim's decoder and provider."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        handlers = {
            'image': tfexample_decoder.Image(shape=shape, channels=shape[2]),
            'label': tfexample_decoder.Tensor('image/class/label', shape=[]),
        }
        data = slim_dataset.Dataset(
            data_sources=files, reader=tf.compat.v1.TFRecordReader,
            decoder=tfexample_decoder.TFExampleDecoder(KEYS, handlers), num_samples=len(labels),
            items_to_descriptions={'image': '', 'label': ''})
        provider = dataset_data_provider.DatasetDataProvider(data, shuffle=False, num_epochs=1)
        image, label = provider.get(['image', 'label'])
        session.run(tf.compat.v1.local_variables_initializer())
        with tf_slim.queues.QueueRunners(session):
            for i in range(min(count, len(labels))):
                got_image, got_label = session.run([image, label])
                check(np.array_equal(got_image, images[i]), 'tf_slim: pixels of record %d' % i)
                check(got_label == labels[i], 'tf_slim: label of record %d' % i)


def check_folder(name, source, target):
    """Class folders: every file's bytes once, under the label of its folder."""
    classes = sorted(d for d in os.listdir(source)
                     if os.path.isdir(os.path.join(source, d)) and not d.startswith('.'))
    with open(os.path.join(target, 'labels.txt'), encoding='utf-8') as file:
        check(file.read() == ''.join('%d:%s\n' % c for c in enumerate(classes)), 'labels.txt')
    expected = {}
    for label, folder in enumerate(classes):
        for path in glob.glob(os.path.join(source, folder, '*')):
            with open(path, 'rb') as file:
                expected[file.read()] = label
    seen = 0
    for path in sorted(glob.glob(os.path.join(target, name + '_*-of-*.tfrecord'))):
        for record in tf.data.TFRecordDataset(path):
            example = tf.io.parse_single_example(record, {**KEYS, **SIZES})
            encoded = example['image/encoded'].numpy()
            check(expected.get(encoded) == example['image/class/label'].numpy()[0], 'a record of ' + path)
            shape = tf.io.decode_image(encoded).shape
            check(shape[0] == example['image/height'].numpy(), 'a height in ' + path)
            check(shape[1] == example['image/width'].numpy(), 'a width in ' + path)
            seen += 1
    check(seen >= len(expected), '%d records, %d different images' % (seen, len(expected)))
    print('%s: %d records' % (name, seen))


def main():
    name, source, target = sys.argv[1:]
    readers = {'mnist': mnist_source, 'fashion_mnist': mnist_source, 'cifar10': cifar10_source}
    if name not in readers:
        check_folder(name, source, target)
        return
    for split in ('train', 'test'):
        images, labels = readers[name](source, split)
        files = [os.path.join(target, '%s_%s.tfrecord' % (name, split))]
        count = check_arrays(files, images, labels, b'png')
        check_slim(files, list(images.shape[1:]), images, labels, 200)
        print('%s %s: %d records' % (name, split, count))


if __name__ == '__main__':
    main()
