#!/usr/bin/env python3
"""Writes framework.txt: what TF-Slim's functions around layers give for the cases of tests/layers/test_framework.c:
lists of variables, regularizers, collections of losses, names of summaries, gradients on their way, train ops.

Needs TensorFlow 2.x and tf_slim, whose versions the first line names. Both sides make the numbers with numbers(). A line
is: case key values, or words. Usage: make_framework.py > framework.txt
"""
import importlib.metadata

from make_layers import array, by_name, emit, np, slim, tf
from make_optimize_loss import net
from tf_slim.layers import summaries as layers


def words(case, key, items):
    print(case, key, ' '.join(items))


def names(key, variables):
    words('variables', key, [v.op.name for v in variables])


def build():
    """Variables of each kind."""
    tf.reset_default_graph()
    x = tf.zeros([2, 4, 4, 3])
    with tf.variable_scope('net'):
        x = slim.conv2d(x, 2, [3, 3], normalizer_fn=slim.batch_norm, scope='conv1')
        x = slim.separable_conv2d(x, 3, [3, 3], scope='conv10')
    x = slim.fully_connected(slim.flatten(x), 2, scope='fc')
    slim.create_global_step()
    slim.local_variable(tf.zeros([2]), name='counts')
    slim.global_variable(tf.zeros([2]), name='weights')
    slim.variable('own', [2])
    slim.model_variable('net/mine', [3], trainable=False)
    return x


def variables():
    build()
    names('all', slim.get_variables())
    names('scope', slim.get_variables('net/conv1'))
    names('scope_slash', slim.get_variables('net/conv1/'))
    names('pattern', slim.get_variables('.*conv1.?/.*(gamma|beta)'))
    names('suffix', slim.get_variables(suffix='weights'))
    names('scope_suffix', slim.get_variables('net', 'biases'))
    names('collection', slim.get_variables(collection=tf.GraphKeys.MODEL_VARIABLES, suffix='mean'))
    names('model', slim.get_model_variables())
    names('model_scope', slim.get_model_variables('fc'))
    names('local', slim.get_local_variables())
    names('trainable', slim.get_trainable_variables())
    names('trainable_suffix', slim.get_trainable_variables(suffix='weights'))
    names('by_suffix', slim.get_variables_by_suffix('weights', 'net'))
    names('by_name', slim.get_variables_by_name('weights'))
    names('by_name_scope', slim.get_variables_by_name('biases', 'net'))
    names('restore', slim.get_variables_to_restore())
    names('restore_some', slim.get_variables_to_restore(['fc', 'net/conv1/'], ['net/conv1/BatchNorm', 'fc/b']))
    names('restore_twice', slim.get_variables_to_restore(['fc', 'f']))
    names('filter', slim.filter_variables(slim.get_variables(), ['conv', 'fc'], ['biases', 'moving']))
    names('filter_start', slim.filter_variables(slim.get_variables(), ['conv', 'fc', 'own'], reg_search=False))
    unique = slim.get_unique_variable('net/conv1/weights')
    names('unique', [unique])
    words('variables', 'full_name', [slim.get_variable_full_name(unique)])
    slim.add_model_variable(slim.get_unique_variable('own'))
    slim.add_model_variable(slim.get_unique_variable('own'))
    names('added', slim.get_model_variables())
    step = slim.get_global_step()
    slim.assert_global_step(step)
    names('step', [step, slim.get_or_create_global_step(), slim.assert_or_get_global_step(),
                   slim.assert_or_get_global_step(global_step_tensor=step)])
    words('variables', 'description', [slim.model_analyzer.tensor_description(unique)])
    emit('variables', 'sizes', slim.model_analyzer.analyze_vars(slim.get_model_variables()))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        op, feed = slim.assign_from_values({'own': np.array([3, 4]), 'fc/weights': array([96], 5)})
        session.run(op, feed)
        slim.assign_from_values_fn({'fc/biases': np.array([[1], [2]])})(session)
        for name in 'own', 'fc/weights', 'fc/biases':
            emit('values', name, session.run(slim.get_unique_variable(name)))


def regularizers():
    tf.reset_default_graph()
    w, b = tf.constant(array([3, 4], 1)), tf.constant(array([5], 2))
    l1, l2 = slim.l1_regularizer(0.3), slim.l2_regularizer(0.2)
    every = {'l1': l1(w), 'l2': l2(w), 'l1_l2': slim.l1_l2_regularizer(0.1, 0.4)(w),
             'sum': slim.regularizers.sum_regularizer([l1, None, l2])(w),
             'apply': slim.apply_regularization(slim.l1_l2_regularizer(0.1, 0.4), [w, b])}
    with tf.Session() as session:
        for key, value in sorted(every.items()):
            emit('regularizers', key, session.run(value))
        emit('regularizers', 'collected', session.run(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)))


def losses():
    tf.reset_default_graph()
    p, y = tf.constant(array([3, 2], 1)), tf.constant(array([3, 2], 2))
    with tf.variable_scope('tower'):
        slim.losses.mean_squared_error(p, y)
        slim.losses.absolute_difference(p, y, weights=0.5)
    slim.losses.add_loss(tf.constant(2.5, name='own'))
    slim.losses.add_loss(tf.constant(3.5), loss_collection='others')
    slim.variable('w', [4], initializer=tf.constant_initializer(2.0), regularizer=slim.l2_regularizer(0.5))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        emit('losses', 'all', session.run(slim.losses.get_losses()))
        emit('losses', 'scope', session.run(slim.losses.get_losses('tower')))
        emit('losses', 'others', session.run(slim.losses.get_losses(loss_collection='others')))
        emit('losses', 'regularization', session.run(slim.losses.get_regularization_losses()))
        emit('losses', 'total', session.run(slim.losses.get_total_loss()))
        emit('losses', 'plain', session.run(slim.losses.get_total_loss(add_regularization_losses=False)))


def tags(case, feed=None):
    """Of all summaries so far, in order; for images that of the first."""
    merged = tf.summary.merge(tf.get_collection(tf.GraphKeys.SUMMARIES))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = tf.Summary.FromString(session.run(merged, feed)).value
    words(case, 'tags', [v.tag for v in values if not v.HasField('image')])
    images = sorted({v.tag[:v.tag.rindex('/image')] for v in values if v.HasField('image')})
    if images:
        words(case, 'images', images)


def small():
    tf.reset_default_graph()
    image = tf.placeholder(tf.float32, [2, 4, 4, 3], name='image')
    collections = {'weights': [tf.GraphKeys.WEIGHTS], 'biases': [tf.GraphKeys.BIASES]}
    result = slim.conv2d(image, 2, [3, 3], activation_fn=tf.nn.relu6, variables_collections=collections,
                         outputs_collections=tf.GraphKeys.ACTIVATIONS)
    return image, result, tf.reduce_mean(result, name='Mean')


def summaries():
    image, result, scalar = small()
    feed = {image: array([2, 4, 4, 3], 1)}
    add = slim.summaries
    add.add_scalar_summary(scalar)
    add.add_scalar_summary(scalar, 'own')
    add.add_zero_fraction_summary(result, 'net')
    add.add_histogram_summary(result, 'h')
    add.add_histogram_summaries([result, image], 'all')
    add.add_scalar_summaries([scalar], 's')
    add.add_zero_fraction_summaries([result], 'z')
    add.add_image_summary(image)
    add.add_image_summaries([image], 'i')
    tags('summaries', feed)
    image, result, scalar = small()
    layers.summarize_weights()
    layers.summarize_biases()
    layers.summarize_activations()
    layers.summarize_tensors([scalar])
    layers.summarize_tensor(result)
    tags('layer_summaries', {image: array([2, 4, 4, 3], 1)})
    image, result, scalar = small()
    layers.summarize_activation(result)
    layers.summarize_variables('Conv/b')
    layers.summarize_collection(tf.GraphKeys.MODEL_VARIABLES, 'Conv/w')
    tags('more_layer_summaries', {image: array([2, 4, 4, 3], 1)})


def loss_of_net():
    tf.reset_default_graph()
    return tf.reduce_mean(tf.square(net(tf.constant(array([4, 5], 1))) - tf.constant(array([4, 2], 2))))


def load(session):
    session.run(tf.global_variables_initializer())
    for k, v in enumerate(by_name(slim.get_model_variables())):
        v.load(0.5 * array(v.shape.as_list(), 100 + k), session)


def gradients():
    module = slim.learning
    loss = loss_of_net()
    pairs = tf.train.GradientDescentOptimizer(0.1).compute_gradients(loss)
    every = {'clipped': module.clip_gradient_norms(pairs, 0.1),
             'clipped_fn': slim.training.clip_gradient_norms_fn(0.1)(pairs),
             'multiplied': module.multiply_gradients(pairs, {'a/weights': 3.0, 'b/biases': 0.25})}
    with tf.Session() as session:
        load(session)
        for key, value in sorted(every.items()):
            for g, v in value:
                emit('gradients', key + '_' + v.op.name, session.run(g))
    module.add_gradients_summaries(pairs)
    tags('gradients')
    pairs = tf.train.GradientDescentOptimizer(0.1).compute_gradients(loss_of_net())
    slim.training.add_gradients_summaries(pairs)
    tags('training')
    slim.learning.create_train_op(loss_of_net(), tf.train.GradientDescentOptimizer(0.1), summarize_gradients=True)
    tags('train_summaries')


def train(case, module, **args):
    """The losses of three steps, and the variables afterwards."""
    loss = loss_of_net()
    train_op = module.create_train_op(loss, tf.train.MomentumOptimizer(0.1, 0.9), **args)
    with tf.Session() as session:
        load(session)
        emit(case, 'losses', [session.run(train_op) for _ in range(3)])
        for v in tf.global_variables():
            emit(case, v.op.name, session.run(v))
        words(case, 'variables', [v.op.name for v in tf.global_variables()])


def main():
    print('# TensorFlow %s, tf_slim %s' % (tf.__version__, importlib.metadata.version('tf_slim')))
    variables()
    regularizers()
    losses()
    summaries()
    gradients()
    train('train', slim.learning)
    train('train_clipped', slim.learning, clip_gradient_norm=0.05, gradient_multipliers={'a/weights': 3.0})
    train('train_transformed', slim.training, transform_grads_fn=slim.training.clip_gradient_norms_fn(0.05))


if __name__ == '__main__':
    main()
