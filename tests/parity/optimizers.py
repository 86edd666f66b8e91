"""Writes optimizers.h: what TensorFlow's optimizers make of five numbers in 20 steps.

The loss is sum(a * (w - b)^2) / 2. Run with TensorFlow 2: python3 optimizers.py > optimizers.h
"""
import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_v2_behavior()
STEPS = 20
W = np.array([0.5, -1.25, 2.0, 0.0, 0.3], np.float32)
A = np.array([1.0, 0.5, 4.0, 0.01, 20.0], np.float32)
B = np.array([-0.5, 1.0, 0.25, 3.0, 0.0], np.float32)


def rate_fixed(step):
    return 0.02


def rate_exponential(step):
    return tf.train.exponential_decay(0.05, step, 3, 0.7)


def rate_staircase(step):
    return tf.train.exponential_decay(0.05, step, 3, 0.7, staircase=True)


def rate_polynomial(step):
    return tf.train.polynomial_decay(0.05, step, 12, 0.001, power=2.0)


def rate_cycle(step):
    return tf.train.polynomial_decay(0.05, step, 6, 0.001, power=1.0, cycle=True)


def rate_natural_exp(step):
    return tf.train.natural_exp_decay(0.05, step, 3, 0.7)


def rate_inverse_time(step):
    return tf.train.inverse_time_decay(0.05, step, 3, 0.7, staircase=True)


def rate_cosine(step):
    return tf.train.cosine_decay(0.05, step, 12, 0.1)


def rate_piecewise(step):
    return tf.train.piecewise_constant(step, [4, 9], [0.05, 0.02, 0.01])


T = tf.train
CASES = [
    ('gradient_descent', rate_fixed, lambda r: T.GradientDescentOptimizer(r)),
    ('momentum', rate_fixed, lambda r: T.MomentumOptimizer(r, 0.9)),
    ('nesterov', rate_fixed, lambda r: T.MomentumOptimizer(r, 0.9, use_nesterov=True)),
    ('adagrad', rate_fixed, lambda r: T.AdagradOptimizer(r)),
    ('adadelta', rate_fixed, lambda r: T.AdadeltaOptimizer(r)),
    ('adadelta_other', rate_fixed, lambda r: T.AdadeltaOptimizer(r * 50.0, 0.8, 1e-3)),
    ('ftrl', rate_fixed, lambda r: T.FtrlOptimizer(r)),
    ('ftrl_other', rate_fixed, lambda r: T.FtrlOptimizer(r, -0.75, 0.5, 0.2, 0.3)),
    ('proximal_gradient_descent', rate_fixed, lambda r: T.ProximalGradientDescentOptimizer(r, 0.4, 0.3)),
    ('proximal_adagrad', rate_fixed, lambda r: T.ProximalAdagradOptimizer(r, 0.2, 0.4, 0.3)),
    ('adam', rate_fixed, lambda r: T.AdamOptimizer(r)),
    ('adam_other', rate_fixed, lambda r: T.AdamOptimizer(r, 0.8, 0.9, 0.1)),
    ('rms_prop', rate_fixed, lambda r: T.RMSPropOptimizer(r)),
    ('rms_prop_momentum', rate_fixed, lambda r: T.RMSPropOptimizer(r, 0.8, 0.9, 1.0)),
    ('rms_prop_centered', rate_fixed, lambda r: T.RMSPropOptimizer(r, 0.9, 0.5, 1e-3, centered=True)),
    ('exponential', rate_exponential, lambda r: T.GradientDescentOptimizer(r)),
    ('staircase', rate_staircase, lambda r: T.GradientDescentOptimizer(r)),
    ('polynomial', rate_polynomial, lambda r: T.GradientDescentOptimizer(r)),
    ('cycle', rate_cycle, lambda r: T.GradientDescentOptimizer(r)),
    ('natural_exp', rate_natural_exp, lambda r: T.GradientDescentOptimizer(r)),
    ('inverse_time', rate_inverse_time, lambda r: T.GradientDescentOptimizer(r)),
    ('cosine', rate_cosine, lambda r: T.GradientDescentOptimizer(r)),
    ('piecewise', rate_piecewise, lambda r: T.GradientDescentOptimizer(r)),
]


def row(values):
    return '{ ' + ', '.join('%.9gf' % v if '.' in '%.9g' % v or 'e' in '%.9g' % v else '%.1ff' % v
                            for v in np.ravel(values)) + ' }'


def run(name, rate, make):
    tf.reset_default_graph()
    step = tf.train.get_or_create_global_step()
    w = tf.get_variable('w', initializer=tf.constant(W))
    loss = tf.reduce_sum(A * tf.square(w - B)) / 2
    optimizer = make(rate(step))
    train = optimizer.minimize(loss, step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            session.run(train)
        slots = [v for v in tf.global_variables() if v.op.name.startswith('w/')]
        slots.sort(key=lambda v: v.op.name)
        print('  { "%s", %s, %d,' % (name, row(session.run(w)), len(slots)))
        print('    { %s },' % ', '.join('"%s"' % v.op.name for v in slots) if slots else '    { NULL },')
        print('    { %s } },' % ',\n      '.join(row(session.run(v)) for v in slots) if slots else '    { { 0.0f } } },')


print('/* Made by optimizers.py. */')
print('static const float start[5] = %s;' % row(W))
print('static const float factor[5] = %s;' % row(A))
print('static const float target[5] = %s;' % row(B))
print('enum { STEPS = %d };' % STEPS)
print('static const struct parity_case {')
print('  const char *label;\n  float w[5];\n  int slots;\n  const char *slot_name[3];\n  float slot[3][5];\n} cases[] = {')
for case in CASES:
    run(*case)
print('};')
