#!/usr/bin/env python3
"""Writes training.txt: 20 steps of three small nets with each optimizer, for tests/nets/test_training.c.

Needs TensorFlow 2.x and tf_slim (made with 2.12 and 1.1.0). A line is: net@optimizer key values; the key is loss (of
each step, before its update) or the name of a model variable (its value at the end). What goes in is not stored: both
sides make it with numbers(). Usage: make_training.py [OPTIMIZER...] > training.txt
"""
import os
import sys

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow.compat.v1 as tf
import tf_slim as slim

from shared import emit, initial, numbers

tf.disable_eager_execution()

STEPS, BATCH, CLASSES = 20, 8, 5
T = tf.train

OPTIMIZERS = [
    ('gradient_descent', lambda: T.GradientDescentOptimizer(0.03)),
    ('momentum', lambda: T.MomentumOptimizer(0.005, 0.9)),
    ('nesterov', lambda: T.MomentumOptimizer(0.005, 0.9, use_nesterov=True)),
    ('adagrad', lambda: T.AdagradOptimizer(0.02)),
    ('adadelta', lambda: T.AdadeltaOptimizer(0.2, 0.9, 1e-4)),
    ('adam', lambda: T.AdamOptimizer(0.005)),
    ('ftrl', lambda: T.FtrlOptimizer(0.15, l1_regularization_strength=0.0001, l2_regularization_strength=0.001)),
    ('rms_prop', lambda: T.RMSPropOptimizer(0.002, momentum=0.9)),
    ('rms_prop_centered', lambda: T.RMSPropOptimizer(0.005, epsilon=1e-3, centered=True)),
    ('proximal_gradient_descent', lambda: T.ProximalGradientDescentOptimizer(0.03, 0.001, 0.001)),
    ('proximal_adagrad', lambda: T.ProximalAdagradOptimizer(0.02, 0.1, 0.001, 0.001)),
]


def plain(x):
    """Like LeNet, with weight decay."""
    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(1e-3)):
        net = slim.conv2d(x, 8, [5, 5], scope='conv1')
        net = slim.max_pool2d(net, [2, 2], scope='pool1')
        net = slim.conv2d(net, 16, [3, 3], scope='conv2')
        net = slim.max_pool2d(net, [2, 2], scope='pool2')
        net = slim.fully_connected(slim.flatten(net), 12, scope='fc3')
        return slim.fully_connected(net, CLASSES, activation_fn=None, scope='fc4')


def residual(x):
    """Batch norm everywhere, a separable convolution beside a shortcut; elu, which has no kink: behind a batch norm many
    values are near to it, and the last bits of a sum would decide."""
    norm = {'scale': True, 'decay': 0.9, 'epsilon': 1e-3}
    with slim.arg_scope([slim.conv2d, slim.separable_conv2d], activation_fn=tf.nn.elu, normalizer_fn=slim.batch_norm,
                        normalizer_params=norm):
        net = shortcut = slim.conv2d(x, 16, [3, 3], scope='conv1')
        net = slim.separable_conv2d(net, 16, [3, 3], activation_fn=None, scope='conv2')
        net = slim.conv2d(tf.nn.elu(net + shortcut), 16, [3, 3], scope='conv3')
    return slim.fully_connected(tf.reduce_mean(net, [1, 2]), CLASSES, activation_fn=None, scope='logits')


def dense(x):
    """Fully connected, with layer norm as a normalizer and as a layer, and maxout."""
    net = slim.fully_connected(slim.flatten(x), 24, normalizer_fn=slim.layer_norm, scope='fc1')
    net = slim.maxout(net, 12, scope='maxout')
    net = slim.layer_norm(slim.fully_connected(net, 16, activation_fn=tf.tanh, scope='fc2'), scope='norm')
    return slim.fully_connected(net, CLASSES, activation_fn=None, weights_regularizer=slim.l1_regularizer(1e-3),
                                scope='fc3')


NETS = [('plain', plain, [BATCH, 12, 12, 2]), ('residual', residual, [BATCH, 10, 10, 3]),
        ('dense', dense, [BATCH, 3, 2, 2])]


def run(case, build, shape, make):
    tf.reset_default_graph()
    images = tf.placeholder(tf.float32, shape)
    labels = tf.placeholder(tf.int64, [BATCH])
    with tf.variable_scope('net'):
        logits = build(images)
    slim.losses.softmax_cross_entropy(logits, slim.one_hot_encoding(labels, CLASSES), label_smoothing=0.1)
    train_op = slim.learning.create_train_op(slim.losses.get_total_loss(), make())
    losses = []
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for v in slim.get_model_variables():
            v.load(initial(v), session)
        for step in range(STEPS):
            feed = {images: numbers(images.shape.num_elements(), 'images%d' % step).reshape(shape),
                    labels: [(i * 7 + 3 + step) % CLASSES for i in range(BATCH)]}
            losses.append(session.run(train_op, feed))
        emit(case, 'loss', losses)
        for v in slim.get_model_variables():
            emit(case, v.op.name, session.run(v))


if __name__ == '__main__':
    for net_name, net, net_shape in NETS:
        for name, optimizer in OPTIMIZERS:
            if len(sys.argv) > 1 and name not in sys.argv[1:]:
                continue
            run('%s@%s' % (net_name, name), net, net_shape, optimizer)
