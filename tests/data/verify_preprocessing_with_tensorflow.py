#!/usr/bin/env python3
"""Compares the preprocessing functions with the TensorFlow ops that TF-Slim's are made of.

usage: verify_preprocessing_with_tensorflow.py LIBSLIMCL.SO

What is random is not compared by value: cifarnet's, vgg's and inception's training functions are only checked for range.
"""
import ctypes
import sys

import numpy as np
import tensorflow as tf


class Call(ctypes.Structure):
    _fields_ = [('pixels', ctypes.c_void_p), ('h', ctypes.c_int), ('w', ctypes.c_int), ('c', ctypes.c_int),
                ('out_h', ctypes.c_int), ('out_w', ctypes.c_int), ('is_training', ctypes.c_bool),
                ('use_grayscale', ctypes.c_bool), ('seed', ctypes.c_uint64), ('sample', ctypes.c_uint64)]


def run(lib, name, image, size, training=False, grey=False, sample=0):
    function = lib.slim_get_preprocessing(name.encode(), None)
    out = np.full(size + (1 if grey else image.shape[2],), np.nan, np.float32)
    call = Call(image.ctypes.data, *image.shape, *size, training, grey, 1, sample)
    prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    status = prototype(function)(ctypes.byref(call), out.ctypes.data, None)
    assert status == 0, (name, status)
    return out


def legacy_resize(image, size):
    return tf.compat.v1.image.resize_bilinear(image[None], size, align_corners=False)[0]


def lenet(image, size):
    return (tf.image.resize_with_crop_or_pad(image, *size) - 128.0) / 128.0


def cifarnet(image, size):
    return tf.image.per_image_standardization(tf.image.resize_with_crop_or_pad(image, *size))


def vgg(image, size):
    h, w, c = image.shape
    scale = tf.constant(256.0) / tf.constant(float(min(h, w)))
    resized = legacy_resize(image, [int(tf.math.rint(h * scale)), int(tf.math.rint(w * scale))])
    y, x = (resized.shape[0] - size[0]) // 2, (resized.shape[1] - size[1]) // 2
    means = [123.68, 116.78, 103.94]
    if c == 1:
        means = [0.2989 * means[0] + 0.5870 * means[1] + 0.1140 * means[2]]
    return resized[y:y + size[0], x:x + size[1]] - means


def inception(image, size):
    image = tf.image.central_crop(image / 255.0, 0.875)
    return (legacy_resize(image, size) - 0.5) * 2.0


def main():
    lib = ctypes.CDLL(sys.argv[1])
    lib.slim_get_preprocessing.restype = ctypes.c_void_p
    rng = np.random.default_rng(1)
    cases = [(lenet, 'lenet', [(28, 28), (20, 33), (41, 17)], 0.0),
             (cifarnet, 'cifarnet', [(32, 32), (24, 24), (40, 37)], 1e-5),
             (vgg, 'vgg_16', [(224, 224), (200, 256)], 2e-6),
             (inception, 'inception_v3', [(299, 299), (33, 64)], 2e-6)]
    worst = {}
    for reference, name, sizes, tolerance in cases:
        for shape in [(28, 28, 1), (32, 32, 3), (31, 45, 3), (300, 211, 3), (375, 500, 3)]:
            image = rng.integers(0, 256, shape, dtype=np.uint8)
            for size in sizes:
                expected = reference(tf.cast(image, tf.float32), size).numpy()
                got = run(lib, name, image, size)
                error = np.abs(got - expected).max() / np.abs(expected).max()
                worst[name] = max(worst.get(name, 0.0), error)
                assert error <= tolerance, (name, shape, size, error)
                if shape[2] == 3 and name in ('lenet', 'inception_v3'):
                    weights = np.array([0.2989, 0.5870, 0.1140], np.float32)
                    in_grey = run(lib, name, image, size, grey=True)[..., 0]
                    bias = 0.0001  # the weights sum to 0.9999
                    assert np.abs(in_grey - expected @ weights).max() <= 1e-5 + bias, (name, 'grey')
    photo = tf.image.resize(rng.integers(0, 256, (7, 9, 3)).astype(np.float32), (350, 470)).numpy().astype(np.uint8)
    for name, low, high in (('inception_v3', -1, 1), ('vgg_16', -124, 152), ('cifarnet', -20, 20)):
        image = photo[:32, :32].copy() if name == 'cifarnet' else photo
        size = (32, 32) if name == 'cifarnet' else (224, 224)
        outs = [run(lib, name, image, size, training=True, sample=s) for s in range(20)]
        assert all(np.isfinite(o).all() and o.min() >= low and o.max() <= high for o in outs), name
        assert len({o.tobytes() for o in outs}) == 20, name
        assert outs[3].tobytes() == run(lib, name, image, size, training=True, sample=3).tobytes(), name
    print('all equal; largest relative difference:', {k: float('%.2g' % v) for k, v in worst.items()})


if __name__ == '__main__':
    main()
