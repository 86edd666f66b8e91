#!/usr/bin/env python3
"""Writes losses.txt: what TF-Slim computes for the cases of tests/layers/test_losses.c.

Needs TensorFlow 2.x and tf_slim, whose versions the first line names. A line is: case key values. Both sides make the
inputs with numbers(). Usage: make_losses.py > losses.txt
"""
import importlib.metadata

from make_layers import array, labels, np, run_loss, slim, tf, weights

REDUCTIONS = ('SUM', 'MEAN', 'SUM_OVER_BATCH_SIZE', 'NONE', 'SUM_BY_NONZERO_WEIGHTS')


def targets(shape):
    """What predictions should be: other numbers of the same kind."""
    return tf.constant(array(shape, 4))


def one_hot(rows, classes):
    return tf.constant(np.eye(classes, dtype=np.float32)[labels(rows, classes)])


def run_reductions():
    """Each reduction with one weight for all and with weights of several shapes, which tf.losses wants with all axes."""
    shape = [4, 3, 5]
    cases = {
        'plain': lambda: 1.0,
        'all': lambda: 0.4,
        'absent': lambda: 0.0,
        'rows': lambda: tf.reshape(weights([4]), [4, 1, 1]),
        'columns': lambda: tf.reshape(weights([4, 3]), [4, 3, 1]),
        'each': lambda: weights(shape),
    }
    for name, weigh in cases.items():
        for reduction in REDUCTIONS:
            run_loss('%s_%s' % (name, reduction.lower()), shape,
                     lambda x: tf.losses.absolute_difference(targets(shape), x, weights=weigh(),
                                                             reduction=getattr(tf.losses.Reduction, reduction)))


def run_losses():
    losses = slim.losses
    shape = [4, 5]
    run_loss('cosine_last', shape, lambda x: losses.cosine_distance(x, targets(shape), axis=1))
    run_loss('cosine_first', shape, lambda x: losses.cosine_distance(x, targets(shape), axis=0, weights=weights([5])))
    run_loss('cosine_middle', [3, 4, 2], lambda x: losses.cosine_distance(x, targets([3, 4, 2]), axis=-2, weights=2.5))
    run_loss('hinge', shape, lambda x: losses.hinge_loss(x, one_hot(4, 5)))
    run_loss('huber', shape, lambda x: tf.losses.huber_loss(targets(shape), x))
    run_loss('huber_delta', [7, 3], lambda x: tf.losses.huber_loss(targets([7, 3]), x, delta=0.25, weights=weights([7, 1])))
    run_loss('log_epsilon', shape, lambda x: losses.log_loss(tf.sigmoid(3 * x), one_hot(4, 5), epsilon=0.01,
                                                             weights=weights([4])))
    run_loss('pairwise', shape, lambda x: losses.mean_pairwise_squared_error(x, targets(shape)))
    run_loss('pairwise_weight', [3, 2, 4], lambda x: losses.mean_pairwise_squared_error(x, targets([3, 2, 4]), weights=2.5))
    run_loss('pairwise_weights', [6, 3], lambda x: losses.mean_pairwise_squared_error(x, targets([6, 3]), weights=weights([6])))
    run_loss('pairwise_absent', shape, lambda x: losses.mean_pairwise_squared_error(x, targets(shape), weights=0.0))
    run_loss('smooth_rows', [6, 3], lambda x: losses.softmax_cross_entropy(x, one_hot(6, 3), label_smoothing=0.3,
                                                                            weights=weights([6])))
    run_loss('smooth_elements', [6, 3], lambda x: losses.sigmoid_cross_entropy(x, one_hot(6, 3), label_smoothing=0.3,
                                                                                weights=weights([6, 3])))
    run_loss('sparse_column', [6, 3], lambda x: losses.sparse_softmax_cross_entropy(x, labels(6, 3)[:, None],
                                                                                    weights=weights([6])))
    run_loss('weighted', [4, 3, 2], lambda x: losses.compute_weighted_loss(x, weights([4, 3])))


def classes(rows):
    """Three classes, some with more samples than others."""
    return tf.constant((np.arange(rows) * 7 + 3) % 5 % 3, tf.int32)


def run_metric_learning():
    m = slim.losses.metric_learning
    few, many = [4, 3], [9, 5]
    run_loss('contrastive', many,
             lambda x: m.contrastive_loss(tf.constant(np.arange(9) % 2, tf.int32), x, targets(many)))
    run_loss('contrastive_margin', few,
             lambda x: m.contrastive_loss(tf.constant(np.arange(4) % 2, tf.int32), x, targets(few), margin=2.5))
    run_loss('triplet', many, lambda x: m.triplet_semihard_loss(classes(9), x))
    run_loss('triplet_margin', [7, 2], lambda x: m.triplet_semihard_loss(classes(7), x, margin=0.2))
    run_loss('lifted', many, lambda x: m.lifted_struct_loss(classes(9), x))
    run_loss('lifted_margin', [7, 2], lambda x: m.lifted_struct_loss(classes(7), x, margin=2.0))
    run_loss('npairs', many, lambda x: m.npairs_loss(classes(9), x, targets(many)))
    run_loss('npairs_lambda', few, lambda x: m.npairs_loss(classes(4), x, targets(few), reg_lambda=0.5))

    def multilabel(x):
        sets = (np.arange(9 * 4).reshape(9, 4) * 7 + 3) % 5 < 3
        sets[:, 0] = True
        rows = [tf.sparse.from_dense(tf.constant(row, tf.int32)) for row in sets]
        return m.npairs_loss_multilabel(rows, x, targets(many))
    run_loss('npairs_multilabel', many, multilabel)


def main():
    print('# TensorFlow %s, tf_slim %s' % (tf.__version__, importlib.metadata.version('tf_slim')))
    run_reductions()
    run_losses()
    run_metric_learning()


if __name__ == '__main__':
    main()
