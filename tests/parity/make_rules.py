#!/usr/bin/env python3
"""Writes rules.txt: how TF-Slim's initializers are distributed, and what its arg scopes do.

Needs TensorFlow 2.x and tf_slim (made with 2.12 and 1.1.0). A line is: case key values. For tests/layers/test_rules.c,
which draws from the same shapes, and calls through the same scopes. Usage: make_rules.py > rules.txt
"""
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow.compat.v1 as tf
import tf_slim as slim
from tensorflow.python.util import tf_inspect

from shared import emit

tf.disable_eager_execution()


# --- initializers: mean, standard deviation, least and largest of many draws -----------------------------------------

INITIALIZERS = [
    ('xavier', slim.xavier_initializer(), [3, 3, 50, 100]),
    ('xavier_normal', slim.xavier_initializer(uniform=False), [3, 3, 50, 100]),
    ('xavier_row', slim.xavier_initializer(), [40000]),
    ('xavier_matrix', slim.xavier_initializer_conv2d(), [100, 400]),
    ('fan_in', slim.variance_scaling_initializer(2.0, 'FAN_IN', False), [3, 3, 20, 200]),
    ('fan_in_uniform', slim.variance_scaling_initializer(2.0, 'FAN_IN', True), [3, 3, 20, 200]),
    ('fan_out', slim.variance_scaling_initializer(1.5, 'FAN_OUT', False), [2, 3, 3, 20, 100]),
    ('fan_out_uniform', slim.variance_scaling_initializer(1.5, 'FAN_OUT', True), [3, 20, 600]),
    ('fan_avg', slim.variance_scaling_initializer(1.0, 'FAN_AVG', False), [200, 200]),
    ('truncated_normal', tf.truncated_normal_initializer(stddev=0.1), [200, 200]),
    ('random_normal', tf.random_normal_initializer(1.0, 0.5), [200, 200]),
    ('random_uniform', tf.random_uniform_initializer(-1.0, 3.0), [200, 200]),
    ('constant', tf.constant_initializer(0.7), [10, 10]),
    ('ones', tf.ones_initializer(), [10]),
    ('zeros', tf.zeros_initializer(), [10]),
    ('unset', None, [3, 3, 50, 100]),
]


def layers():
    """Whose weights show how fans are counted."""
    image, row, volume = [tf.zeros(s) for s in ([1, 8, 8, 32], [1, 9, 100], [1, 4, 5, 6, 10])]
    slim.conv2d(image, 64, [5, 5], scope='conv2d')
    slim.conv2d_transpose(image, 50, [5, 5], scope='conv2d_transpose')
    slim.separable_conv2d(image, 40, [7, 7], depth_multiplier=20, scope='separable_conv2d')
    slim.convolution1d(row, 150, 3, scope='conv1d')
    slim.convolution3d(volume, 40, [3, 4, 5], scope='conv3d')
    slim.conv3d_transpose(volume, 40, [3, 4, 5], scope='conv3d_transpose')
    slim.fully_connected(row, 400, scope='fully_connected')
    slim.legacy_fully_connected(tf.zeros([1, 100]), 400, name='legacy_fully_connected')


def statistics(case, value):
    value = np.ravel(value).astype(np.float64)
    emit(case, 'statistics', [value.mean(), value.std(), value.min(), value.max(), value.size])


def run_initializers():
    tf.set_random_seed(7)
    for name, initializer, shape in INITIALIZERS:
        slim.variable(name, shape, initializer=initializer)
    layers()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for v in slim.get_variables():
            if 'bias' not in v.op.name:
                statistics(v.op.name, session.run(v))


# --- arg scopes: which arguments a call gets -------------------------------------------------------------------------

seen = []


def show(name, values):
    seen.append(name + ':' + ','.join('%g' % v if v is not None else '-' for v in values))


@slim.add_arg_scope
def one(a=None, b=None, c=None):
    show('one', (a, b, c))


@slim.add_arg_scope
def two(a=None, b=None, c=None):
    show('two', (a, b, c))


def plain(a=None):
    show('plain', (a, None, None))


def nested():
    with slim.arg_scope([one, two], a=1, b=2):
        with slim.arg_scope([one], a=3, c=4):
            one()
            two()
        one()
    one()


def overridden():
    with slim.arg_scope([one], a=1, b=2):
        one(a=5)
        one(c=6)
        one(a=7, b=8, c=9)


def named_twice():
    with slim.arg_scope([one, one], a=1):
        with slim.arg_scope([two, one, two], b=2):
            one()
            two()


def captured():
    with slim.arg_scope([one], a=1) as scope:
        pass
    with slim.arg_scope([one, two], b=2):
        one()
        with slim.arg_scope(scope):
            one()
            two()
        two()


def captured_inside():
    with slim.arg_scope([one, two], a=1):
        with slim.arg_scope([two], b=2) as scope:
            with slim.arg_scope([one], c=3):
                one()
    with slim.arg_scope(scope):
        one()
        two()
        with slim.arg_scope([one], a=4):
            one()
        one()


def captured_again():
    with slim.arg_scope([one], a=1) as first:
        with slim.arg_scope([one], b=2) as second:
            pass
    for scope in (second, first, second):
        with slim.arg_scope(scope):
            one()
    one()


def left_by_an_error():
    try:
        with slim.arg_scope([one], a=1):
            with slim.arg_scope([one], b=2):
                raise KeyError
    except KeyError:
        one()


def calls_through():
    @slim.add_arg_scope
    def outer(a=None, b=None, c=None):
        show('outer', (a, b, c))
        one(b=7)

    with slim.arg_scope([outer, one], a=1):
        with slim.arg_scope([one], c=2):
            outer()


SCENES = [nested, overridden, named_twice, captured, captured_inside, captured_again, left_by_an_error, calls_through]

NAMES = [
    'avg_pool2d', 'avg_pool3d', 'batch_norm', 'bias_add', 'conv2d', 'conv2d_in_plane', 'conv2d_transpose', 'conv3d_transpose',
    'convolution', 'dropout', 'flatten', 'fully_connected', 'group_norm', 'images_to_sequence', 'instance_norm',
    'layer_norm', 'max_pool2d', 'max_pool3d', 'maxout', 'one_hot_encoding', 'pool', 'repeat',
    'separable_conv2d', 'sequence_to_images', 'softmax', 'spatial_softmax', 'stack', 'unit_norm', 'variable', 'model_variable',
]


def arguments(layer):
    """The named arguments with a default. arg_scoped_arguments of tf_slim 1.1.0 names a function's last local variables
    in their place."""
    spec = tf_inspect.getfullargspec(layer)
    return sorted(spec.args[-len(spec.defaults):] if spec.defaults else [])


def run_scopes():
    for scene in SCENES:
        seen.clear()
        scene()
        print(scene.__name__, 'calls', ' '.join(seen))
    print('one', 'arguments', ' '.join(slim.arg_scoped_arguments(one)))
    print('plain', 'scoped', int(slim.has_arg_scope(plain)))
    for name in NAMES:
        layer = getattr(slim, name)
        scoped = slim.has_arg_scope(layer) if callable(layer) and hasattr(layer, '__name__') else False
        print(name, 'scoped', int(scoped))
        if scoped:
            print(name, 'arguments', ' '.join(arguments(layer)))


if __name__ == '__main__':
    run_initializers()
    run_scopes()
