#!/usr/bin/env python3
"""Writes nets.txt: what TF-Slim computes for the parity cases of tests/nets/test_nets_run*.c.

Needs TensorFlow 2.x, tf_slim, and research/slim of github.com/tensorflow/models in PYTHONPATH. A line is: case key
values; a case is a net and the size of its images. Images and variables are not stored: both sides make them with
numbers(). Usage: make_nets.py [CASE...] > nets.txt
"""
import os
import sys
import types

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow.compat.v1 as tf
import tf_slim as slim

from shared import emit, initial, numbers

# which the nets of TensorFlow 1 import; its layers have all that slim has
sys.modules['tensorflow.contrib'] = types.SimpleNamespace(slim=slim, layers=slim)
from nets import alexnet, cifarnet, inception, inception_resnet_v2, mobilenet_v1, resnet_v1, resnet_v2, vgg

tf.disable_eager_execution()

CLASSES = 7
WEIGHT_DECAY = 1e-3


def open_case(net, size, batch, training, keep, options):
    """Builds the net. @return placeholder, logits, end points."""
    function, scope = net
    tf.reset_default_graph()
    images = tf.placeholder(tf.float32, [None, size, size, 3])
    with slim.arg_scope(scope(weight_decay=WEIGHT_DECAY)):
        logits, ends = function(images, CLASSES, is_training=training, **keep, **options)
    return images, logits, ends


def start(session):
    for v in slim.get_model_variables():
        v.load(initial(v), session)


def run_inference(case, net, size, batch, keep, options):
    images, logits, ends = open_case(net, size, batch, False, keep, options)
    feed = {images: numbers(batch * size * size * 3, 'images').reshape(batch, size, size, 3)}
    with tf.Session() as session:
        start(session)
        emit(case, 'logits', session.run(logits, feed))
        if 'AuxLogits' in ends:
            emit(case, 'aux', session.run(ends['AuxLogits'], feed))


def run_training(case, net, size, batch, keep, options):
    """The loss and half the squared norm of each gradient; dropout keeps everything."""
    images, logits, ends = open_case(net, size, batch, True, {k: 1.0 for k in keep}, options)
    labels = tf.one_hot([(i * 7 + 3) % CLASSES for i in range(batch)], CLASSES)
    slim.losses.softmax_cross_entropy(tf.reshape(logits, [-1, CLASSES]), labels)
    if 'AuxLogits' in ends:
        slim.losses.softmax_cross_entropy(ends['AuxLogits'], labels, weights=0.4)
    loss = slim.losses.get_total_loss()
    variables = slim.get_trainable_variables()
    norms = [tf.nn.l2_loss(g) for g in tf.gradients(loss, variables)]
    feed = {images: numbers(batch * size * size * 3, 'images').reshape(batch, size, size, 3)}
    with tf.Session() as session:
        start(session)
        emit(case, 'loss', session.run(loss, feed))
        for v, norm in zip(variables, session.run(norms, feed)):
            emit(case, v.op.name, norm)


CIFARNET = cifarnet.cifarnet, cifarnet.cifarnet_arg_scope
ALEXNET = alexnet.alexnet_v2, alexnet.alexnet_v2_arg_scope
VGG_A, VGG_16 = [(f, vgg.vgg_arg_scope) for f in (vgg.vgg_a, vgg.vgg_16)]
RESNET = resnet_v1.resnet_v1_50, resnet_v1.resnet_arg_scope
RESNET_V2 = resnet_v2.resnet_v2_50, resnet_v2.resnet_arg_scope
INCEPTION_V1, INCEPTION_V2, INCEPTION, INCEPTION_V4 = [(f, inception.inception_v3_arg_scope) for f in (
    inception.inception_v1, inception.inception_v2, inception.inception_v3, inception.inception_v4)]
INCEPTION_RESNET = inception_resnet_v2.inception_resnet_v2, inception_resnet_v2.inception_resnet_v2_arg_scope
MOBILENET = mobilenet_v1.mobilenet_v1, mobilenet_v1.mobilenet_v1_arg_scope
DROPOUT, NONE = {'dropout_keep_prob': 0.5}, {}
NARROW, NARROW_RESNET = {'depth_multiplier': 0.25}, {'depth_multiplier': 0.25, 'min_base_depth': 8}

# case, function, net, size, batch, has dropout, options
CASES = [
    ('cifarnet@32', run_inference, CIFARNET, 32, 2, DROPOUT, {}),
    ('cifarnet@32', run_training, CIFARNET, 32, 4, DROPOUT, {}),
    ('resnet_v1_50@97', run_inference, RESNET, 97, 2, NONE, NARROW_RESNET),
    ('resnet_v1_50@97', run_training, RESNET, 97, 4, NONE, NARROW_RESNET),
    ('resnet_v1_50@65', run_inference, RESNET, 65, 2, NONE, dict(NARROW_RESNET, output_stride=8)),
    ('inception_v1@193', run_inference, INCEPTION_V1, 193, 2, DROPOUT, {}),
    ('inception_v2@97', run_inference, INCEPTION_V2, 97, 2, DROPOUT, NARROW),
    ('inception_v2@97', run_training, INCEPTION_V2, 97, 4, DROPOUT, NARROW),
    ('inception_v3@187', run_inference, INCEPTION, 187, 2, DROPOUT, NARROW),
    ('inception_v3@187', run_training, INCEPTION, 187, 4, DROPOUT, NARROW),
    ('mobilenet_v1@96', run_inference, MOBILENET, 96, 2, DROPOUT, NARROW),
    ('mobilenet_v1@96', run_training, MOBILENET, 96, 4, DROPOUT, NARROW),
    ('alexnet_v2@224', run_inference, ALEXNET, 224, 2, DROPOUT, {}),
    ('alexnet_v2@224', run_training, ALEXNET, 224, 2, DROPOUT, {}),
    ('vgg_16@224', run_inference, VGG_16, 224, 2, DROPOUT, {}),
    ('vgg_a@32', run_training, VGG_A, 32, 2, DROPOUT, {'fc_conv_padding': 'SAME'}),
    ('resnet_v1_50@224', run_inference, RESNET, 224, 2, NONE, {}),
    ('resnet_v2_50@65', run_inference, RESNET_V2, 65, 2, NONE, {}),
    ('mobilenet_v1@224', run_inference, MOBILENET, 224, 2, DROPOUT, {}),
    ('inception_v3@299', run_inference, INCEPTION, 299, 2, DROPOUT, {}),
    ('inception_v4@107', run_inference, INCEPTION_V4, 107, 2, DROPOUT, {}),
    ('inception_resnet_v2@107', run_inference, INCEPTION_RESNET, 107, 2, DROPOUT, {}),
]

if __name__ == '__main__':
    for name, function, *rest in CASES:
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            function(name, *rest)
