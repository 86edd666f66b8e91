#!/usr/bin/env python3
"""Writes layers.txt: what TF-Slim computes for the cases of tests/layers/test_layer_parity.c and test_parity.c.

Needs TensorFlow 2.x and tf_slim, whose versions the first line names. A line is: case key values. Inputs and variables are not stored: both sides make them
with numbers(). Usage: make_layers.py > layers.txt
"""
import importlib.metadata
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow.compat.v1 as tf
import tf_slim as slim

tf.disable_eager_execution()
tf.RegisterGradient('GDNLowerBound')(slim.GDN._lower_bound_grad)  # which tf_slim 1.1.0 forgets


def numbers(count, seed):
    """count floats in [-1, 1), the same as test_fixture_number() makes."""
    i = np.arange(count, dtype=np.uint64) + np.uint64(seed * 1000003)
    word = (i * np.uint64(2654435761)) % np.uint64(2 ** 32)
    return (word.astype(np.float64) / 2 ** 31 - 1).astype(np.float32)


def array(shape, seed):
    return numbers(int(np.prod(shape)), seed).reshape(shape)


def by_name(variables):
    """Variables in the order in which they take their seeds, 100 and up."""
    return sorted(variables, key=lambda v: v.op.name)


def initial(variable, k):
    value = 0.5 * array(variable.shape.as_list(), 100 + k)
    return np.abs(value) + 0.5 if 'variance' in variable.name or 'stddev' in variable.name else value


def emit(case, key, value):
    print(case, key, ' '.join('%.9g' % v for v in np.ravel(value)))


def run_layer(case, shape, build):
    """The result, and the gradients of sum(p * result) by input and variables; then the moving statistics."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None] + list(shape[1:]))
    y = build(x)
    p = tf.placeholder(tf.float32, y.shape)
    trained = slim.get_trainable_variables()
    variables = list({v.op.name: v for v in slim.get_model_variables() + trained}.values())
    gradients = tf.gradients(tf.reduce_sum(y * p), [x] + trained)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for k, v in enumerate(by_name(variables)):
            v.load(initial(v, k), session)
        feed = {x: array(shape, 1)}
        value = session.run(y, feed)
        feed[p] = array(value.shape, 2)
        emit(case, 'result', value)
        for v, g in zip(['input'] + [v.op.name for v in trained], session.run(gradients, feed)):
            emit(case, 'd_' + v, g)
        session.run(updates, feed)
        for v in tf.global_variables():
            if 'moving' in v.name or 'renorm' in v.name:
                emit(case, v.op.name, session.run(v))


def run_start(case, shape, build):
    """How the layer's variables start."""
    tf.reset_default_graph()
    build(tf.placeholder(tf.float32, [None] + list(shape[1:])))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for v in tf.global_variables():
            emit(case, v.op.name, session.run(v))


def run_sparse(case, dtype, shape, **args):
    """A sparse tensor: its values and places, of which there are fewer than elements."""
    tf.reset_default_graph()
    labels = np.arange(np.prod(shape)) * 7 % 5 - 1
    sparse = slim.dense_to_sparse(tf.constant(labels.reshape(shape), dtype), **args)
    with tf.Session() as session:
        value = session.run(sparse)
    emit(case, 'values', value.values)
    emit(case, 'places', value.indices)


def at_run(trains):
    """is_training that is known only when a run begins."""
    return tf.placeholder_with_default(trains, [])


def run_loss(case, shape, build):
    """The loss and its gradient by the predictions."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, shape)
    loss = build(x)
    with tf.Session() as session:
        value, gradient = session.run([loss, tf.gradients(loss, x)[0]], {x: array(shape, 1)})
    emit(case, 'result', value)
    emit(case, 'd_input', gradient)


def labels(count, classes):
    return (np.arange(count) * 7 + 3) % classes


def one_hot(count, classes):
    return tf.constant(np.eye(classes, dtype=np.float32)[labels(count, classes)])


def weights(shape):
    """Some zero, some above 1."""
    return tf.constant(np.maximum(array(shape, 3), 0) * 2)


def lenet(x):
    net = slim.conv2d(x, 32, [5, 5], scope='conv1')
    net = slim.max_pool2d(net, [2, 2], 2, scope='pool1')
    net = slim.conv2d(net, 64, [5, 5], scope='conv2')
    net = slim.max_pool2d(net, [2, 2], 2, scope='pool2')
    net = slim.fully_connected(slim.flatten(net), 1024, scope='fc3')
    net = slim.dropout(net, 0.5, is_training=False, scope='dropout3')
    return slim.fully_connected(net, 10, activation_fn=None, scope='fc4')


def run_lenet():
    """Logits, loss with weight decay, and of each gradient the length and the first values."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None, 28, 28, 1])
    with slim.arg_scope([slim.conv2d, slim.fully_connected], weights_regularizer=slim.l2_regularizer(4e-5)):
        with tf.variable_scope('LeNet'):
            logits = lenet(x)
    slim.losses.softmax_cross_entropy(logits, one_hot(4, 10), label_smoothing=0.1)
    total = slim.losses.get_total_loss()
    variables = slim.get_model_variables()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for k, v in enumerate(by_name(variables)):
            v.load(0.1 * array(v.shape.as_list(), 100 + k), session)
        value, loss, gradients = session.run([logits, total, tf.gradients(total, variables)],
                                             {x: array([4, 28, 28, 1], 1)})
    emit('lenet', 'result', value)
    emit('lenet', 'loss', loss)
    for v, g in zip(variables, gradients):
        emit('lenet', 'd_' + v.op.name, np.concatenate([[np.linalg.norm(g)], np.ravel(g)[:8]]))


def main():
    print('# TensorFlow %s, tf_slim %s' % (tf.__version__, importlib.metadata.version('tf_slim')))
    run_layer('conv_same', [2, 7, 6, 3], lambda x: slim.conv2d(x, 4, [3, 3], scope='c'))
    run_layer('conv_stride', [2, 8, 7, 3],
              lambda x: slim.convolution2d(x, 5, [5, 3], stride=2, scope='c', activation_fn=None))
    run_layer('conv_valid', [1, 7, 7, 2],
              lambda x: slim.conv2d(x, 3, [3, 2], padding='VALID', biases_initializer=None, scope='c'))
    run_layer('conv_rate', [1, 9, 8, 2], lambda x: slim.conv2d(x, 3, [3, 3], rate=2, activation_fn=tf.tanh, scope='c'))
    run_layer('conv_norm', [3, 5, 4, 2],
              lambda x: slim.conv2d(x, 4, [3, 3], normalizer_fn=slim.batch_norm,
                                    normalizer_params={'scale': True, 'decay': 0.9}, scope='c'))
    run_layer('fc', [3, 5], lambda x: slim.fully_connected(x, 4, activation_fn=tf.sigmoid, scope='f'))
    run_layer('fc_rank_3', [2, 3, 5], lambda x: slim.fully_connected(x, 4, scope='f'))
    run_layer('max_pool', [2, 7, 6, 3], lambda x: slim.max_pool2d(x, [3, 2]))
    run_layer('max_pool_same', [2, 5, 6, 3], lambda x: slim.max_pool2d(x, [3, 3], padding='SAME'))
    run_layer('avg_pool', [2, 7, 6, 3], lambda x: slim.avg_pool2d(x, [2, 2]))
    run_layer('avg_pool_same', [2, 5, 6, 3], lambda x: slim.avg_pool2d(x, [3, 3], stride=2, padding='SAME'))
    run_layer('norm', [3, 4, 3, 2], lambda x: slim.batch_norm(x, decay=0.7, scope='b'))
    run_layer('norm_scale', [4, 3, 2, 3],
              lambda x: slim.batch_norm(x, scale=True, epsilon=1e-5, activation_fn=tf.nn.relu, scope='b'))
    run_layer('norm_rows', [6, 4], lambda x: slim.batch_norm(x, scale=True, decay=0.9, scope='b'))
    run_layer('norm_rank_3', [3, 4, 2], lambda x: slim.batch_norm(x, decay=0.9, scope='b'))
    run_layer('norm_inference', [3, 4, 3, 2], lambda x: slim.batch_norm(x, scale=True, is_training=False, scope='b'))
    run_layer('norm_debias', [3, 4, 3, 2],
              lambda x: slim.batch_norm(x, decay=0.9, zero_debias_moving_mean=True, scope='b'))
    run_layer('norm_renorm', [3, 4, 3, 2],
              lambda x: slim.batch_norm(x, decay=0.9, scale=True, renorm=True, renorm_decay=0.8, fused=False, scope='b'))
    run_layer('norm_clipped', [6, 4],
              lambda x: slim.batch_norm(x, decay=0.9, scale=True, renorm=True, fused=False, activation_fn=tf.tanh, scope='b',
                                        renorm_clipping={'rmin': 0.7, 'rmax': 0.9, 'dmax': 0.1}))
    run_layer('norm_renorm_inference', [3, 4, 3, 2],
              lambda x: slim.batch_norm(x, renorm=True, is_training=False, fused=False, scope='b'))
    run_layer('norm_weights', [4, 3, 2, 3],
              lambda x: slim.batch_norm(x, decay=0.9, scale=True, batch_weights=tf.constant([0.5, 0., 2., 1.]), scope='b'))
    run_layer('norm_weights_rows', [4, 5],
              lambda x: slim.batch_norm(x, decay=0.9, batch_weights=tf.constant([0.5, 0.25, 2., 1.]),
                                        activation_fn=tf.nn.relu, scope='b'))
    run_layer('norm_weights_inference', [4, 3, 2, 3],
              lambda x: slim.batch_norm(x, batch_weights=tf.constant([0.5, 0., 2., 1.]), is_training=False, scope='b'))
    run_layer('norm_unfused', [3, 4, 3, 2], lambda x: slim.batch_norm(x, decay=0.9, epsilon=1e-6, fused=False, scope='b'))
    for name, trains in ('trains', True), ('infers', False):
        run_layer('norm_run_' + name, [3, 4, 3, 2],
                  lambda x: slim.batch_norm(x, decay=0.7, scale=True, is_training=at_run(trains), scope='b'))
        run_layer('norm_run_weights_' + name, [4, 3, 2, 3],
                  lambda x: slim.batch_norm(x, decay=0.9, batch_weights=tf.constant([0.5, 0., 2., 1.]),
                                            is_training=at_run(trains), scope='b'))
    run_layer('softmax', [3, 5], lambda x: slim.softmax(x))
    run_layer('bias', [2, 3, 4], lambda x: slim.bias_add(x, activation_fn=tf.nn.relu6, scope='b'))
    run_layer('up_same', [2, 4, 5, 3], lambda x: slim.conv2d_transpose(x, 4, [3, 3], stride=2, scope='u'))
    run_layer('up_valid', [2, 4, 3, 5],
              lambda x: slim.convolution2d_transpose(x, 3, [5, 3], stride=2, padding='VALID', activation_fn=None, scope='u'))
    run_layer('up_gaps', [2, 3, 2, 3],
              lambda x: slim.conv2d_transpose(x, 3, [2, 2], stride=3, padding='VALID', activation_fn=tf.tanh, scope='u'))
    run_layer('up_norm', [2, 4, 5, 3],
              lambda x: slim.conv2d_transpose(x, 4, [3, 3], normalizer_fn=slim.batch_norm,
                                              normalizer_params={'scale': True, 'decay': 0.9}, scope='u'))
    run_layer('row_same', [2, 7, 3], lambda x: slim.conv1d(x, 4, 3, scope='c'))
    run_layer('row_valid', [2, 9, 3],
              lambda x: slim.convolution1d(x, 4, 4, stride=2, padding='VALID', activation_fn=tf.tanh, scope='c'))
    run_layer('row_rate', [1, 8, 2], lambda x: slim.convolution(x, 3, 3, rate=2, activation_fn=None, scope='c'))
    run_layer('row_norm', [3, 6, 2],
              lambda x: slim.convolution1d(x, 4, 3, normalizer_fn=slim.batch_norm, normalizer_params={'scale': True,
                                           'decay': 0.9}, scope='c'))
    run_layer('any_image', [2, 5, 4, 3], lambda x: slim.convolution(x, 4, [3, 2], scope='c'))
    run_layer('plane', [2, 6, 5, 3], lambda x: slim.conv2d_in_plane(x, [3, 2], scope='p'))
    run_layer('plane_stride', [2, 7, 6, 2],
              lambda x: slim.convolution2d_in_plane(x, [2, 2], stride=2, padding='VALID', activation_fn=None, scope='p'))
    run_layer('volume', [2, 4, 5, 3, 2], lambda x: slim.conv3d(x, 3, [3, 3, 3], scope='v'))
    run_layer('volume_stride', [1, 7, 6, 5, 2],
              lambda x: slim.convolution3d(x, 3, [2, 3, 2], stride=2, activation_fn=tf.tanh, scope='v'))
    run_layer('volume_valid', [1, 6, 5, 4, 2],
              lambda x: slim.convolution(x, 3, [3, 2, 3], stride=[3, 1, 1], padding='VALID', activation_fn=None,
                                         scope='v'))
    run_layer('up_volume', [1, 3, 2, 4, 2], lambda x: slim.conv3d_transpose(x, 3, [3, 3, 3], stride=2, scope='v'))
    run_layer('up_volume_valid', [2, 3, 2, 2, 3],
              lambda x: slim.convolution3d_transpose(x, 2, [4, 3, 2], stride=[3, 2, 2], padding='VALID', activation_fn=tf.tanh,
                                              scope='v'))
    run_layer('max_volume', [2, 4, 5, 4, 2], lambda x: slim.max_pool3d(x, [2, 2, 3]))
    run_layer('avg_volume', [2, 5, 4, 5, 2], lambda x: slim.avg_pool3d(x, [2, 3, 3], stride=[1, 2, 2], padding='SAME'))
    run_layer('pool_row', [2, 7, 3], lambda x: slim.pool(x, 3, 'AVG', stride=2, padding='SAME'))
    run_layer('pool_image', [2, 5, 4, 3], lambda x: slim.pool(x, [2, 3], 'MAX'))
    run_layer('pool_volume', [1, 4, 5, 3, 2], lambda x: slim.pool(x, 2, 'MAX', padding='SAME'))
    run_layer('pool_rate', [2, 7, 6, 3], lambda x: slim.pool(x, [2, 3], 'MAX', dilation_rate=2))
    run_layer('pool_rate_average', [2, 6, 8, 2], lambda x: slim.pool(x, [2, 3], 'AVG', dilation_rate=[2, 3]))
    run_layer('pool_rate_row', [2, 9, 3], lambda x: slim.pool(x, 3, 'MAX', dilation_rate=3))
    run_layer('pool_rate_thin', [2, 5, 6, 2], lambda x: slim.pool(x, [1, 2], 'MAX', dilation_rate=[4, 3]))
    run_layer('pool_rate_volume', [1, 5, 6, 4, 2], lambda x: slim.pool(x, 2, 'MAX', dilation_rate=[1, 2, 3]))
    run_layer('gdn', [2, 4, 3, 3], lambda x: slim.gdn(x, beta_min=0.1, name='g'))
    run_layer('gdn_inverse', [2, 5, 4], lambda x: slim.gdn(x, inverse=True, reparam_offset=0.01, name='g'))
    run_layer('gdn_volume', [1, 2, 3, 2, 4], lambda x: slim.GDN(beta_min=0.3, name='g').apply(x))
    run_start('gdn_start', [1, 2, 3], lambda x: slim.gdn(x, gamma_init=0.3, reparam_offset=0.05))
    run_layer('legacy', [2, 3, 5], lambda x: slim.legacy_fully_connected(x, 4, tf.tanh, name='l'))
    run_layer('legacy_relu', [3, 5], lambda x: slim.legacy_relu(x, 4, bias_init=None))
    run_layer('legacy_linear', [3, 5], lambda x: slim.legacy_linear(x, 4))
    run_sparse('sparse', tf.int32, [3, 4])
    run_sparse('sparse_token', tf.int64, [2, 3, 5], eos_token=-1)
    run_layer('layer_norm', [3, 4, 5, 2], lambda x: slim.layer_norm(x, scope='n'))
    run_layer('layer_norm_axes', [2, 4, 3, 5],
              lambda x: slim.layer_norm(x, begin_norm_axis=-2, begin_params_axis=2, activation_fn=tf.nn.relu,
                                        scope='n'))
    run_layer('layer_norm_bare', [3, 6], lambda x: slim.layer_norm(x, center=False, scale=False, scope='n'))
    run_layer('instance_norm', [2, 4, 5, 3], lambda x: slim.instance_norm(x, scope='n'))
    run_layer('instance_norm_row', [2, 6, 3],
              lambda x: slim.instance_norm(x, epsilon=0.01, scale=False, activation_fn=tf.tanh, scope='n'))
    run_layer('group_norm', [2, 4, 3, 6], lambda x: slim.group_norm(x, groups=3, scope='n'))
    run_layer('group_norm_first', [2, 6, 4, 3],
              lambda x: slim.group_norm(x, groups=2, channels_axis=-3, reduction_axes=[-2, -1],
                                        activation_fn=tf.nn.relu, scope='n'))
    run_layer('group_norm_near', [2, 3, 4, 4],
              lambda x: slim.group_norm(x, groups=4, mean_close_to_zero=True, center=False, scope='n'))
    run_layer('unit_norm', [3, 4, 5], lambda x: slim.unit_norm(x, 1))
    run_layer('unit_norm_first', [3, 4], lambda x: slim.unit_norm(x, 0, epsilon=0.5))
    run_layer('maxout', [3, 4, 6], lambda x: slim.maxout(x, 2))
    run_layer('maxout_rows', [2, 6, 4, 3], lambda x: slim.maxout(x, 3, axis=1))
    run_layer('keypoints', [2, 4, 3, 5], lambda x: slim.spatial_softmax(x, temperature=0.5, name='k'))
    run_layer('keypoints_first', [2, 5, 1, 3], lambda x: slim.spatial_softmax(x, data_format='NCHW', name='k'))
    run_layer('sequence', [2, 3, 4, 5], lambda x: slim.images_to_sequence(tf.reshape(x, [2, 3, 4, 5])))
    run_layer('sequence_first', [2, 5, 3, 4],
              lambda x: slim.images_to_sequence(tf.reshape(x, [2, 5, 3, 4]), data_format='NCHW'))
    run_layer('from_sequence', [4, 6, 5], lambda x: slim.sequence_to_images(tf.reshape(x, [4, 6, 5]), 3))
    run_layer('from_sequence_first', [4, 6, 5],
              lambda x: slim.sequence_to_images(tf.reshape(x, [4, 6, 5]), 2, output_data_format='channels_first'))
    run_layer('elu', [3, 7], lambda x: tf.nn.elu(3 * x))
    run_layer('linear', [3, 5], lambda x: slim.linear(x, 4, scope='f'))
    run_layer('relu', [3, 5], lambda x: slim.relu(x, 4, scope='f'))
    run_layer('relu6', [3, 5], lambda x: slim.relu6(10 * x, 4, scope='f'))
    run_layer('elu_units', [3, 5], lambda x: slim.elu(x, 4, scope='f'))
    run_layer('separable', [2, 6, 5, 3],
              lambda x: slim.separable_conv2d(x, 4, [3, 3], depth_multiplier=2, stride=2, scope='s'))
    run_layer('separable_norm', [2, 5, 4, 2],
              lambda x: slim.separable_convolution2d(x, 3, [3, 2], rate=2, normalizer_fn=slim.batch_norm,
                                                     normalizer_params={'decay': 0.9}, scope='s'))
    run_layer('depthwise', [2, 5, 4, 3],
              lambda x: slim.separable_conv2d(x, None, [2, 3], depth_multiplier=2, padding='VALID',
                                              activation_fn=tf.tanh, scope='s'))
    run_layer('repeated', [2, 5, 4, 3], lambda x: slim.repeat(x, 2, slim.conv2d, 3, [3, 3], scope='r'))
    run_layer('stacked', [3, 5], lambda x: slim.stack(x, slim.fully_connected, [4, 6, 2], activation_fn=tf.tanh))
    run_layer('flat', [2, 3, 4, 2], lambda x: slim.flatten(x))
    run_layer('one_hot', [3, 5],
              lambda x: x[:, :, None] * slim.one_hot_encoding(tf.constant([[2, 0, 3, 4, -1]]), 4, on_value=2.5,
                                                              off_value=-0.5))
    run_layer('dropout_inference', [3, 5], lambda x: slim.dropout(x, 0.3, is_training=False))
    run_layer('dropout_none', [3, 5], lambda x: slim.dropout(x, 1.0))
    run_layer('scaled_gradient', [3, 5], lambda x: slim.scale_gradient(x, tf.constant([0., 1., 2., 3., 4.])))

    run_loss('softmax_loss', [4, 5], lambda x: slim.losses.softmax_cross_entropy(x, one_hot(4, 5)))
    run_loss('softmax_smooth', [4, 5],
             lambda x: slim.losses.softmax_cross_entropy(x, one_hot(4, 5), label_smoothing=0.1, weights=0.4))
    run_loss('softmax_weighed', [6, 5],
             lambda x: slim.losses.softmax_cross_entropy(x, one_hot(6, 5), weights=weights([6])))
    run_loss('sparse_loss', [4, 5], lambda x: slim.losses.sparse_softmax_cross_entropy(x, labels(4, 5)))
    run_loss('sigmoid_loss', [4, 5],
             lambda x: slim.losses.sigmoid_cross_entropy(x, one_hot(4, 5), label_smoothing=0.2))
    run_loss('sigmoid_weighed', [4, 5],
             lambda x: slim.losses.sigmoid_cross_entropy(x, one_hot(4, 5), weights=weights([4, 1])))
    run_loss('squared_loss', [4, 5], lambda x: slim.losses.mean_squared_error(x, one_hot(4, 5)))
    run_loss('squared_weighed', [4, 5],
             lambda x: slim.losses.mean_squared_error(x, one_hot(4, 5), weights=weights([4, 5])))
    run_loss('absolute_loss', [4, 5], lambda x: slim.losses.absolute_difference(x, one_hot(4, 5)))
    run_loss('log_loss', [4, 5], lambda x: slim.losses.log_loss(tf.sigmoid(x), one_hot(4, 5)))
    for name in ('SUM', 'MEAN', 'SUM_OVER_BATCH_SIZE', 'NONE', 'SUM_BY_NONZERO_WEIGHTS'):
        reduction = getattr(tf.losses.Reduction, name)
        run_loss('reduction_' + name.lower(), [4, 5],
                 lambda x: tf.losses.mean_squared_error(one_hot(4, 5), x, weights=weights([4, 1]), reduction=reduction))
    run_lenet()


if __name__ == '__main__':
    main()
