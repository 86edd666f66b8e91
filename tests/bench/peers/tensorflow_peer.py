"""TensorFlow as a peer, where it is installed: the benchmark networks as graphs over tf.nn. The fastest way is measured: the graph
with its weights in arguments, for inference also with constant weights, which TensorFlow folds and packs, and compiled by XLA.
"""

import functools
import os

import numpy

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf  # noqa: E402 (the environment comes first)

import checkpoint  # noqa: E402
import worker  # noqa: E402
from nets import NETS  # noqa: E402

ACTIVATIONS = {"relu": tf.nn.relu, "relu6": tf.nn.relu6, None: lambda x: x}


class Net:
    def __init__(self, name, variables, make, training=False, keep=None):
        """make: of an array, what the graph has in its place; an array itself becomes a constant of the graph."""
        self.build, self.training, self.keep, self.epsilon, self.decay = NETS[name][0], training, keep, 0.001, 0.9997
        self.variables = {k: make(v) for k, v in variables.items()}
        self.trainable = [v for k, v in self.variables.items() if "/moving_" not in k]

    def __call__(self, x):
        return self.build(self, x)

    # --- what the nets are made of

    def conv(self, x, name, kernel, stride=1, padding="SAME", norm="bn", activation="relu", depthwise=False):
        if isinstance(padding, int):
            padding = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
        if depthwise:
            x = tf.nn.depthwise_conv2d(x, self.variables[name + "/depthwise_weights"], [1, stride, stride, 1], padding)
        else:
            x = tf.nn.conv2d(x, self.variables[name + "/weights"], stride, padding)
        if norm == "bn":
            x = self.normalized(x, name + "/BatchNorm/")
        elif norm == "bias":
            x = tf.nn.bias_add(x, self.variables[name + "/biases"])
        return ACTIVATIONS[activation](x)

    def normalized(self, x, at):
        mean, variance, beta = (self.variables[at + k] for k in ("moving_mean", "moving_variance", "beta"))
        gamma = self.variables.get(at + "gamma")
        gamma = tf.ones_like(beta) if gamma is None else gamma
        if not self.training:
            return tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, mean, variance, self.epsilon, is_training=False)[0]
        y, batch_mean, batch_variance = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=self.epsilon)
        mean.assign_sub((mean - batch_mean) * (1 - self.decay))
        variance.assign_sub((variance - batch_variance) * (1 - self.decay))
        return y

    def dense(self, x, name, activation):
        return ACTIVATIONS[activation](
            tf.matmul(x, self.variables[name + "/weights"]) + self.variables[name + "/biases"]
        )

    def max_pool(self, x, kernel, stride, padding):
        return tf.nn.max_pool2d(x, kernel, stride, padding)

    def avg_pool(self, x, kernel, stride, padding):
        return tf.nn.avg_pool2d(x, kernel, stride, padding)

    def concat(self, parts):
        return tf.concat(parts, 3)

    def add_relu(self, a, b):
        return tf.nn.relu(a + b)

    def mean(self, x):
        return tf.reduce_mean(x, (1, 2), keepdims=True)

    def dropout(self, x, keep):
        return tf.nn.dropout(x, 1 - (self.keep or keep)) if self.training else x

    def flatten(self, x):
        return tf.reshape(x, (x.shape[0], -1))

    def squeeze(self, x):
        return tf.squeeze(x, (1, 2))


class Peer:
    def __init__(self):
        tf.config.threading.set_intra_op_parallelism_threads(os.cpu_count())
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.empty = worker.peak_bytes()

    def about(self):
        return f"TensorFlow {tf.__version__}"

    def open(self, net, mode, batch, prefix, rate=0.0, momentum=0.0, way=None):
        self.net, self.rate, self.momentum = net, rate, momentum
        self.variables = checkpoint.Variables(prefix)
        self.x, self.y = tf.constant(worker.images(net, batch)), tf.constant(worker.labels(net, batch))
        self.step = None
        if mode == "train":
            makers = {"graph": functools.partial(self.training, False), "xla": functools.partial(self.training, True)}
        else:
            makers = {
                "graph": functools.partial(self.inference, tf.constant, False),
                "constant": functools.partial(self.inference, numpy.asarray, False),
                "xla": functools.partial(self.inference, tf.constant, True),
            }
        if way:
            self.step = makers[way]()
            return way, {}
        way, self.step, took = worker.fastest(makers)
        return way, took

    def inference(self, make, xla):
        net = Net(self.net, self.variables, make)
        fn = tf.function(lambda x: net(x)[0], jit_compile=xla)

        def run():
            self.result = fn(self.x).numpy()

        return run

    def training(self, xla, keep=None):
        net = Net(self.net, self.variables, tf.Variable, True, keep)
        slots = [tf.Variable(tf.zeros_like(v)) for v in net.trainable]

        @tf.function(jit_compile=xla)
        def step(x, y):
            with tf.GradientTape() as tape:
                logits, aux = net(x)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
                if aux is not None:
                    loss += 0.4 * tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, aux))
            for variable, slot, gradient in zip(net.trainable, slots, tape.gradient(loss, net.trainable)):
                slot.assign(slot * self.momentum + gradient)
                variable.assign_sub(self.rate * slot)
            return loss

        def run():
            self.result = step(self.x, self.y).numpy()

        return run

    def turn(self, warm_ms, time_ms):
        return worker.turn(self.step, warm_ms, time_ms)

    def logits(self, path):
        self.step()
        self.result.tofile(path)

    def losses(self, steps):
        step, losses = self.training(False, keep=1.0), []
        for _ in range(steps):
            step()
            losses.append(float(self.result))
        return losses

    def memory(self, runs):
        """The most bytes held in steady work, those of the process before there was a net, and the variables': trained, others."""
        worker.forget_peak()
        worker.milliseconds(self.step, runs)
        return worker.peak_bytes(), self.empty, *self.variables.bytes()


if __name__ == "__main__":
    worker.serve(Peer())
