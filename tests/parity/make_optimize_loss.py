#!/usr/bin/env python3
"""Writes optimize_loss.txt: what TF-Slim's optimize_loss and adaptive_clipping_fn do to a small net in five steps.

For the cases of tests/layers/test_optimize_loss.c: the loss of each step, the global variables afterwards and their
names, and the tags and values of the summaries of the last step. Needs TensorFlow 2.x and tf_slim, whose versions the
first line names. Both sides make the numbers with numbers(). Usage: make_optimize_loss.py > optimize_loss.txt
"""
import importlib.metadata

from make_layers import array, by_name, emit, np, slim, tf
from tf_slim.layers import optimizers

STEPS = 5


def net(x):
    hidden = slim.fully_connected(x, 3, activation_fn=tf.tanh, scope='a')
    return slim.fully_connected(hidden, 2, activation_fn=None, scope='b')


def run(case, step=True, factor=1.0, **args):
    tf.reset_default_graph()
    x = tf.constant(array([4, 5], 1))
    loss = factor * tf.reduce_mean(tf.square(net(x) - tf.constant(array([4, 2], 2))))
    if step:
        slim.get_or_create_global_step()
    if callable(args.get('clip_gradients')):
        args['clip_gradients'] = args['clip_gradients']()
    train = optimizers.optimize_loss(loss, None, **args)
    summaries = tf.get_collection(tf.GraphKeys.SUMMARIES)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for k, v in enumerate(by_name(slim.get_model_variables())):
            v.load(0.5 * array(v.shape.as_list(), 100 + k), session)
        losses, last = [], b''
        for _ in range(STEPS):
            value, last = session.run([train, tf.summary.merge(summaries) if summaries else tf.no_op()])
            losses.append(value)
        emit(case, 'losses', losses)
        names = []
        for v in tf.global_variables():
            names.append(v.op.name)
            emit(case, v.op.name, session.run(v))
        print(case, 'variables', ' '.join(names))
        tags = []
        for value in tf.Summary.FromString(last or b'').value:
            tags.append(value.tag)
            if value.HasField('simple_value'):
                emit(case, 'summary_' + value.tag, value.simple_value)
        print(case, 'tags', ' '.join(tags))


def decayed(rate, step):
    return rate * tf.train.exponential_decay(1.0, step, 2, 0.5)


def main():
    print('# TensorFlow %s, tf_slim %s' % (tf.__version__, importlib.metadata.version('tf_slim')))
    clipping = optimizers.adaptive_clipping_fn
    everything = list(optimizers.OPTIMIZER_SUMMARIES)
    run('sgd', learning_rate=0.1, optimizer='SGD')
    for name in 'Adagrad', 'Adam', 'Ftrl', 'Momentum', 'RMSProp':
        run(name.lower(), learning_rate=0.05, optimizer=name, summaries=[])
    run('no_step', step=False, learning_rate=0.1, optimizer='Momentum')
    run('no_increment', learning_rate=0.1, optimizer='SGD', increment_global_step=False, name='mine')
    run('decay', learning_rate=0.2, optimizer='SGD', learning_rate_decay_fn=decayed)
    run('instance', learning_rate=None, optimizer=tf.train.MomentumOptimizer(0.05, 0.8, use_nesterov=True))
    run('function', learning_rate=0.05, optimizer=lambda rate: tf.train.RMSPropOptimizer(rate, centered=True))
    run('multipliers', learning_rate=0.1, optimizer='SGD', gradient_multipliers={'a/weights:0': 3.0, 'b/biases:0': 0.0})
    run('clip', learning_rate=0.1, optimizer='SGD', clip_gradients=0.3, summaries=everything)
    run('clip_nothing', learning_rate=0.1, optimizer='SGD', clip_gradients=100.0, summaries=['gradient_norm'])
    run('adaptive', factor=30.0, learning_rate=0.01, optimizer='SGD',
        clip_gradients=lambda: clipping(std_factor=0.1, decay=0.5))
    run('adaptive_step', factor=30.0, learning_rate=0.05, optimizer='SGD',
        clip_gradients=lambda: clipping(std_factor=0.01, global_step=slim.get_global_step(), report_summary=True))
    run('adaptive_static', factor=30.0, learning_rate=0.1, optimizer='SGD',
        clip_gradients=lambda: clipping(static_max_norm=0.2, name='limit', epsilon=0.01))


if __name__ == '__main__':
    main()
