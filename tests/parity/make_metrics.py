#!/usr/bin/env python3
"""Writes metrics.txt: what TF-Slim's metrics give for the cases of tests/layers/test_metrics.c.

Needs TensorFlow 2.x and tf_slim, whose versions the first line names. Lines are: case update_<batch> values, case result
values, case variables names and shapes. Both sides make the batches with the functions below. Usage:
make_metrics.py > metrics.txt
"""
import importlib.metadata

from make_layers import emit, np, numbers, slim, tf

ROWS = (6, 5, 3)  # of the batches; the last is short
CLASSES = 4
THRESHOLDS = [0.0, 0.25, 0.5, 0.9]


def whole(count, seed, batch):
    """Whole numbers without a pattern that predictions and labels share."""
    i = np.arange(count)
    return i * (4 + seed // 10) + i * i // 3 + seed // 7 + 2 * batch


# Each: type, shape of a row, the numbers of a batch of so many elements.
KINDS = {
    'flags': (tf.bool, [], lambda n, s, b: whole(n, s, b) % 7 < 3),
    'chances': (tf.float32, [], lambda n, s, b: (numbers(n, s + b) + 1) / 2),
    'numbers': (tf.float32, [3], lambda n, s, b: numbers(n, s + b)),
    'scores': (tf.float32, [CLASSES], lambda n, s, b: numbers(n, s + b)),
    'classes': (tf.int64, [], lambda n, s, b: whole(n, s, b) % CLASSES),
    'column': (tf.int64, [1], lambda n, s, b: whole(n, s, b) % CLASSES),
    'sets': (tf.int64, [2], lambda n, s, b: whole(n, s, b) % 6 - 1),
    'mixed': (tf.int64, [2], lambda n, s, b: np.where(np.arange(n) % 2, whole(n, s, b) % 6 - 1, whole(n, s, b) % 4)),
    'places': (tf.int64, [3], lambda n, s, b: whole(n, s, b) % CLASSES),
    'rows': (tf.float32, [], lambda n, s, b: np.maximum(numbers(n, s + b) + np.float32(0.5), 0)),
    'each': (tf.float32, [3], lambda n, s, b: np.maximum(numbers(n, s + b) + np.float32(0.5), 0)),
    'thirds': (tf.float32, [1], lambda n, s, b: np.maximum(numbers(n, s + b) + np.float32(0.5), 0)),
}
SEEDS = (10, 20, 30)  # predictions, labels, weights


def run(case, kinds, build):
    """The updates of all batches, then the value."""
    tf.reset_default_graph()
    inputs = [tf.placeholder(KINDS[k][0], [None] + KINDS[k][1]) if k else None for k in kinds]
    value, update = build(*inputs)
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for batch, rows in enumerate(ROWS):
            feed = {}
            for kind, tensor, seed in zip(kinds, inputs, SEEDS):
                if kind:
                    shape = [rows] + KINDS[kind][1]
                    feed[tensor] = np.reshape(KINDS[kind][2](int(np.prod(shape)), seed, batch), shape)
            got = session.run(update, feed)
            emit(case, 'update_%d' % batch, session.run(value) if got is None else got)
        emit(case, 'result', session.run(value, feed))
    names = ', '.join('%s [%s]' % (v.op.name, ','.join(map(str, v.shape.as_list()))) for v in tf.local_variables())
    print(case, 'variables', names.replace('/max_1 ', '/max '))  # a Max op of the original took the name


def means():
    m = slim.metrics
    run('mean', ('numbers', None, None), lambda p, y, w: m.streaming_mean(p))
    run('mean_rows', ('numbers', None, 'thirds'), lambda p, y, w: m.streaming_mean(p, w, name='mine'))
    run('mean_each', ('numbers', None, 'each'), lambda p, y, w: m.streaming_mean(p, w))
    run('mean_scalar', ('numbers', None, None), lambda p, y, w: m.streaming_mean(p, 0.25))
    run('accuracy', ('classes', 'classes', None), lambda p, y, w: m.streaming_accuracy(p, y))
    run('accuracy_column', ('classes', 'column', 'rows'), lambda p, y, w: m.streaming_accuracy(p, y, w))
    run('recall_at_2', ('scores', 'classes', None), lambda p, y, w: m.streaming_recall_at_k(p, y, 2))
    run('absolute', ('numbers', 'numbers', None), lambda p, y, w: m.streaming_mean_absolute_error(p, y))
    run('absolute_each', ('numbers', 'numbers', 'each'), lambda p, y, w: m.streaming_mean_absolute_error(p, y, w))
    run('squared', ('numbers', 'numbers', 'thirds'), lambda p, y, w: m.streaming_mean_squared_error(p, y, w))
    run('root', ('numbers', 'numbers', None), lambda p, y, w: m.streaming_root_mean_squared_error(p, y))
    run('root_named', ('chances', 'rows', 'rows'), lambda p, y, w: m.streaming_root_mean_squared_error(p, y, w, name='r'))
    run('relative', ('numbers', 'numbers', None),
        lambda p, y, w: m.streaming_mean_relative_error(p, y, normalizer=tf.maximum(y, 0)))
    run('cosine', ('numbers', 'numbers', None), lambda p, y, w: m.streaming_mean_cosine_distance(p, y, dim=1))
    run('cosine_weighed', ('numbers', 'numbers', 'thirds'),
        lambda p, y, w: m.streaming_mean_cosine_distance(p, y, 1, w))
    run('percentage', ('numbers', None, 'each'), lambda p, y, w: m.streaming_percentage_less(p, 0.3, w))
    run('count', ('numbers', None, None), lambda p, y, w: m.count(p))
    run('count_weighed', ('numbers', None, 'thirds'), lambda p, y, w: m.count(p, w))
    run('tensor', ('numbers', None, None), lambda p, y, w: m.streaming_mean_tensor(tf.reduce_sum(p, 0)))
    run('tensor_weighed', ('numbers', None, 'each'),
        lambda p, y, w: m.streaming_mean_tensor(tf.reduce_sum(p, 0), tf.reduce_sum(w, 0), name='mine'))

    def batch_accuracy(p, y, w):
        value = m.accuracy(p, y, w)
        return value, value
    run('batch_accuracy', ('classes', 'classes', None), batch_accuracy)
    run('batch_accuracy_weighed', ('classes', 'classes', 'rows'), batch_accuracy)


def counts():
    m = slim.metrics
    flags = ('flags', 'flags', None)
    weighed = ('flags', 'flags', 'rows')
    for name, function, function_at in (
            ('true_positives', m.streaming_true_positives, m.streaming_true_positives_at_thresholds),
            ('true_negatives', m.streaming_true_negatives, m.streaming_true_negatives_at_thresholds),
            ('false_positives', m.streaming_false_positives, m.streaming_false_positives_at_thresholds),
            ('false_negatives', m.streaming_false_negatives, m.streaming_false_negatives_at_thresholds),
            ('precision', m.streaming_precision, m.streaming_precision_at_thresholds),
            ('recall', m.streaming_recall, m.streaming_recall_at_thresholds),
            ('false_positive_rate', m.streaming_false_positive_rate, m.streaming_false_positive_rate_at_thresholds),
            ('false_negative_rate', m.streaming_false_negative_rate, m.streaming_false_negative_rate_at_thresholds)):
        run(name, flags, lambda p, y, w: function(p, y))
        run(name + '_weighed', weighed, lambda p, y, w: function(p, y, w, name='mine'))
        run(name + '_at', ('chances', 'flags', None), lambda p, y, w: function_at(p, y, THRESHOLDS))
        run(name + '_at_weighed', ('chances', 'flags', 'rows'), lambda p, y, w: function_at(p, y, THRESHOLDS, w))


def curves():
    m = slim.metrics
    chances, weighed = ('chances', 'flags', None), ('chances', 'flags', 'rows')
    for curve in ('ROC', 'PR'):
        run('auc_' + curve.lower(), chances, lambda p, y, w: m.streaming_auc(p, y, curve=curve))
        run('points_' + curve.lower(), chances,
            lambda p, y, w: m.metric_ops.streaming_curve_points(y, p, num_thresholds=7, curve=curve))
        for method in ('trapezoidal', 'minoring', 'majoring', 'careful_interpolation'):
            run('auc_%s_%s' % (curve.lower(), method), weighed,
                lambda p, y, w: tf.metrics.auc(y, p, w, num_thresholds=30, curve=curve, summation_method=method))
    run('auc_thresholds', chances, lambda p, y, w: tf.metrics.auc(y, p, thresholds=[0.7, 0.2, 0.4], name='area'))
    run('f1', chances, lambda p, y, w: m.f1_score(y, p))
    run('f1_weighed', weighed, lambda p, y, w: m.f1_score(y, p, w, num_thresholds=11))
    run('sensitivity', chances, lambda p, y, w: m.streaming_sensitivity_at_specificity(p, y, 0.6))
    run('specificity', chances, lambda p, y, w: m.streaming_specificity_at_sensitivity(p, y, 0.6))
    run('specificity_weighed', weighed,
        lambda p, y, w: m.streaming_specificity_at_sensitivity(p, y, 0.3, w, num_thresholds=50))
    run('recall_at_precision', chances, lambda p, y, w: m.recall_at_precision(y, p, 0.3))
    run('recall_at_strict', weighed, lambda p, y, w: m.recall_at_precision(y, p, 0.2, w, strict_mode=True))
    run('recall_at_none', chances, lambda p, y, w: m.recall_at_precision(y, p, 0.99, strict_mode=True))
    run('precision_at_recall', chances, lambda p, y, w: m.metric_ops.precision_at_recall(y, p, 0.5))


def equal_thresholds(key, number, p, y, w):
    data, update = slim.metrics.precision_recall_at_equal_thresholds(y, p, w, num_thresholds=number)
    return getattr(data, key), update


def buckets():
    for key in ('tp', 'fp', 'tn', 'fn', 'precision', 'recall', 'thresholds'):
        run('equal_' + key, ('chances', 'flags', 'rows'), lambda p, y, w: equal_thresholds(key, 9, p, y, w))
    run('equal_plain', ('chances', 'flags', None), lambda p, y, w: equal_thresholds('recall', None, p, y, None))
    run('histogram', ('chances', 'flags', None), lambda p, y, w: slim.metrics.auc_using_histogram(y, p, [0.0, 1.0]))
    run('histogram_bins', ('chances', 'flags', None),
        lambda p, y, w: slim.metrics.auc_using_histogram(y, p, [0.25, 0.8], nbins=7, name='mine'))


def confusion():
    m = slim.metrics
    run('mean_iou', ('classes', 'classes', None), lambda p, y, w: m.streaming_mean_iou(p, y, 5))
    run('mean_iou_weighed', ('places', 'places', 'each'), lambda p, y, w: m.streaming_mean_iou(p, y, 4, w, name='iou'))
    run('kappa', ('classes', 'classes', None), lambda p, y, w: m.cohen_kappa(y, p, 4))
    run('kappa_weighed', ('classes', 'column', 'rows'), lambda p, y, w: m.cohen_kappa(y, p, 4, w))


def sets():
    m = slim.metrics
    scores, weighed, places = ('scores', 'sets', None), ('scores', 'sets', 'rows'), ('places', 'sets', None)
    run('sparse_precision', scores, lambda p, y, w: m.streaming_sparse_precision_at_k(p, y, 2))
    run('sparse_precision_class', scores, lambda p, y, w: m.streaming_sparse_precision_at_k(p, y, 2, class_id=0))
    run('sparse_precision_weighed', weighed, lambda p, y, w: m.streaming_sparse_precision_at_k(p, y, 3, weights=w))
    run('sparse_precision_top', places, lambda p, y, w: m.streaming_sparse_precision_at_top_k(p, y))
    run('sparse_recall', scores, lambda p, y, w: m.streaming_sparse_recall_at_k(p, y, 2))
    run('sparse_recall_class', weighed, lambda p, y, w: m.streaming_sparse_recall_at_k(p, y, 3, class_id=2, name='mine'))
    run('sparse_recall_weighed', weighed, lambda p, y, w: m.streaming_sparse_recall_at_k(p, y, 2, weights=w))
    run('sparse_recall_row', ('scores', 'classes', None), lambda p, y, w: m.streaming_sparse_recall_at_k(p, y, 2))
    run('sparse_recall_top', places, lambda p, y, w: m.sparse_recall_at_top_k(y, p, class_id=1))
    run('average', ('scores', 'mixed', None), lambda p, y, w: m.streaming_sparse_average_precision_at_k(p, y, 3))
    run('average_weighed', ('scores', 'mixed', 'rows'),
        lambda p, y, w: m.streaming_sparse_average_precision_at_k(p, y, 2, w))
    run('average_top', ('places', 'mixed', None),
        lambda p, y, w: m.streaming_sparse_average_precision_at_top_k(p, y))


def main():
    print('# TensorFlow %s, tf_slim %s' % (tf.__version__, importlib.metadata.version('tf_slim')))
    means()
    counts()
    curves()
    buckets()
    confusion()
    sets()


if __name__ == '__main__':
    main()
