#!/usr/bin/env python3
"""Writes layers.txt: what TF-Slim computes for the cases of tests/layers/test_layer_parity.c and test_parity.c.

Needs TensorFlow 2.x and tf_slim. A line is: case key values. Inputs and variables are not stored: both sides make them
with numbers(). Usage: make_layers.py > layers.txt
"""
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow.compat.v1 as tf
import tf_slim as slim

tf.disable_eager_execution()


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
    return np.abs(value) + 0.5 if 'variance' in variable.name else value


def emit(case, key, value):
    print(case, key, ' '.join('%.9g' % v for v in np.ravel(value)))


def run_layer(case, shape, build):
    """The result, and the gradients of sum(p * result) by input and variables; then the moving statistics."""
    tf.reset_default_graph()
    x = tf.placeholder(tf.float32, [None] + list(shape[1:]))
    y = build(x)
    p = tf.placeholder(tf.float32, y.shape)
    variables = slim.get_model_variables()
    trained = slim.get_trainable_variables()
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
        for v in variables:
            if 'moving' in v.name:
                emit(case, v.op.name, session.run(v))


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
    run_layer('conv_same', [2, 7, 6, 3], lambda x: slim.conv2d(x, 4, [3, 3], scope='c'))
    run_layer('conv_stride', [2, 8, 7, 3], lambda x: slim.conv2d(x, 5, [5, 3], stride=2, scope='c', activation_fn=None))
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
    run_layer('softmax', [3, 5], lambda x: slim.softmax(x))
    run_layer('bias', [2, 3, 4], lambda x: slim.bias_add(x, activation_fn=tf.nn.relu6, scope='b'))
    run_layer('up_same', [2, 4, 5, 3], lambda x: slim.conv2d_transpose(x, 4, [3, 3], stride=2, scope='u'))
    run_layer('up_valid', [2, 4, 3, 5],
              lambda x: slim.conv2d_transpose(x, 3, [5, 3], stride=2, padding='VALID', activation_fn=None, scope='u'))
    run_layer('up_gaps', [2, 3, 2, 3],
              lambda x: slim.conv2d_transpose(x, 3, [2, 2], stride=3, padding='VALID', activation_fn=tf.tanh, scope='u'))
    run_layer('up_norm', [2, 4, 5, 3],
              lambda x: slim.conv2d_transpose(x, 4, [3, 3], normalizer_fn=slim.batch_norm,
                                              normalizer_params={'scale': True, 'decay': 0.9}, scope='u'))

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
