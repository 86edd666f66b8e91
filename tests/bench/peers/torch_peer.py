"""torch_peer.py [DEVICE]: PyTorch as a peer, on the processor or its device of this name, which is in float32 without TF32.

The benchmark networks and single convolutions. Every way to run them that PyTorch offers is tried, and the fastest is measured:
both memory formats, and for inference traced and frozen graphs, on a processor with oneDNN's layouts too. A step of a net begins
with its images in the host's memory and ends with its logits or loss there.
"""

import functools
import os
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional as F

import checkpoint
import worker
from nets import NETS

FORMATS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}
ACTIVATIONS = {"relu": F.relu, "relu6": F.relu6, None: lambda x: x}


def same(size, kernel, stride):
    """Pixels before and after, as TensorFlow's SAME has them."""
    size = int(size)  # a trace has tensors here
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Net(nn.Module):
    def __init__(self, name, variables, training, keep=None):
        super().__init__()
        self.build, self.keep, self.epsilon, self.decay = NETS[name][0], keep, 0.001, 0.9997
        self.train(training)
        for key, value in variables.items():
            value = torch.from_numpy(value)
            if key.endswith("depthwise_weights"):
                value = value.permute(2, 3, 0, 1)
            elif key.endswith("weights"):
                value = value.permute(3, 2, 0, 1) if value.dim() == 4 else value.t()
            if "/moving_" in key:
                self.register_buffer(self.key(key), value.contiguous())
            else:
                self.register_parameter(self.key(key), nn.Parameter(value.contiguous()))

    @staticmethod
    def key(name):
        return name.replace("/", "__").replace(".", "_")

    def variable(self, name):
        return getattr(self, self.key(name), None)

    def forward(self, x):
        logits, aux = self.build(self, x)
        return (logits, aux) if aux is not None else logits

    # --- what the nets are made of

    def padded(self, x, kernel, stride, padding, value=0.0):
        """The input, padded where the sides differ, and the pixels that are left for the op itself."""
        if padding == "VALID":
            return x, 0
        if padding != "SAME":
            return x, padding
        (top, bottom), (left, right) = (same(x.shape[i + 2], kernel[i], stride) for i in (0, 1))
        if top == bottom and left == right:
            return x, (top, left)
        return F.pad(x, (left, right, top, bottom), value=value), 0

    def normalized(self, x, name):
        at = name + "/BatchNorm/"
        return F.batch_norm(
            x,
            self.variable(at + "moving_mean"),
            self.variable(at + "moving_variance"),
            self.variable(at + "gamma"),
            self.variable(at + "beta"),
            self.training,
            1 - self.decay,
            self.epsilon,
        )

    def conv(self, x, name, kernel, stride=1, padding="SAME", norm="bn", activation="relu", depthwise=False):
        weights = self.variable(name + ("/depthwise_weights" if depthwise else "/weights"))
        x, pixels = self.padded(x, kernel, stride, padding)
        x = F.conv2d(
            x,
            weights,
            self.variable(name + "/biases") if norm == "bias" else None,
            stride,
            pixels,
            1,
            weights.shape[0] if depthwise else 1,
        )
        return ACTIVATIONS[activation](self.normalized(x, name) if norm == "bn" else x)

    def dense(self, x, name, activation):
        return ACTIVATIONS[activation](F.linear(x, self.variable(name + "/weights"), self.variable(name + "/biases")))

    def max_pool(self, x, kernel, stride, padding):
        before, after = same(x.shape[2], kernel, stride) if padding == "SAME" else (0, 0)
        return F.max_pool2d(x, kernel, stride, before, ceil_mode=after > before)

    def avg_pool(self, x, kernel, stride, padding):
        before = same(x.shape[2], kernel, stride)[0] if padding == "SAME" else 0
        return F.avg_pool2d(x, kernel, stride, before, count_include_pad=False)

    def concat(self, parts):
        return torch.cat(parts, 1)

    def add_relu(self, a, b):
        return F.relu(a + b)

    def mean(self, x):
        return F.adaptive_avg_pool2d(x, 1)

    def dropout(self, x, keep):
        return F.dropout(x, 1 - (self.keep or keep), self.training)

    def flatten(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)

    def squeeze(self, x):
        return x.flatten(1)


class Peer:
    def __init__(self, device):
        self.device = device
        torch.set_num_threads(os.cpu_count())
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
        self.empty = worker.peak_bytes()

    def about(self):
        version = f"PyTorch {torch.__version__}"
        if self.device == "cpu":
            return version
        return f"{version} with cuDNN {torch.backends.cudnn.version()} on {torch.cuda.get_device_name(self.device)}"

    # --- nets

    def open(self, net, mode, batch, prefix, rate=0.0, momentum=0.0, way=None):
        """Makes the net in the fastest way, found by trying, unless one is named. Returns the way, and what each took."""
        self.net, self.mode, self.rate, self.momentum = net, mode, rate, momentum
        self.variables = checkpoint.Variables(prefix)
        self.x = torch.from_numpy(worker.images(net, batch)).permute(0, 3, 1, 2)
        self.y = torch.from_numpy(worker.labels(net, batch)).to(self.device)
        self.step = None  # lets what was there before go
        makers = self.training_ways() if mode == "train" else self.inference_ways()
        if self.device != "cpu":
            makers = {name: functools.partial(self.warm, make) for name, make in makers.items()}
        if way:
            self.step = makers[way]()
            return way, {}
        way, self.step, took = worker.fastest(makers)
        return way, took

    @staticmethod
    def warm(make):
        """On a GPU the first steps choose algorithms and compile what is traced."""
        step = make()
        for _ in range(3):
            step()
        return step

    def images(self, memory_format):
        """In the host's memory, where a GPU can fetch them."""
        x = self.x.contiguous(memory_format=memory_format)
        return x if self.device == "cpu" else x.pin_memory()

    def inference_ways(self):
        def make(memory_format, change):
            net = Net(self.net, self.variables, False).to(self.device, memory_format=memory_format)
            x = self.images(memory_format)
            with torch.no_grad():
                net = change(net, x.to(self.device))

            def run():
                with torch.inference_mode():
                    self.result = net(x.to(self.device, non_blocking=True)).cpu()

            return run

        def freeze(net, x):
            return torch.jit.freeze(torch.jit.trace(net, x, check_trace=False))

        changes = {"": lambda net, x: net, " frozen": freeze}
        if self.device == "cpu":
            changes[" optimized"] = lambda net, x: torch.jit.optimize_for_inference(freeze(net, x))
        return {
            name + change: functools.partial(make, FORMATS[name], changes[change])
            for name in FORMATS
            for change in changes
        }

    def training_ways(self):
        return {
            name + (" foreach" if foreach else ""): functools.partial(self.training, FORMATS[name], foreach)
            for name in FORMATS
            for foreach in (True, False)
        }

    def training(self, memory_format, foreach, keep=None):
        net = Net(self.net, self.variables, True, keep).to(self.device, memory_format=memory_format)
        sgd = torch.optim.SGD(net.parameters(), self.rate, self.momentum, foreach=foreach)
        x = self.images(memory_format)

        def run():
            sgd.zero_grad(set_to_none=True)
            logits = net(x.to(self.device, non_blocking=True))
            if isinstance(logits, tuple):
                loss = F.cross_entropy(logits[0], self.y) + 0.4 * F.cross_entropy(logits[1], self.y)
            else:
                loss = F.cross_entropy(logits, self.y)
            loss.backward()
            sgd.step()
            self.result = loss.item()

        return run

    def turn(self, warm_ms, time_ms):
        return worker.turn(self.step, warm_ms, time_ms)

    def logits(self, path):
        self.step()
        self.result.float().contiguous().numpy().tofile(path)

    def losses(self, steps):
        """Of the first steps from the checkpoint on, without dropout."""
        step, losses = self.training(torch.contiguous_format, True, keep=1.0), []
        for _ in range(steps):
            step()
            losses.append(self.result)
        return losses

    def memory(self, runs):
        """The most bytes held in steady work, those of the process before there was a net, and the variables': trained, others."""
        worker.forget_peak()
        worker.milliseconds(self.step, runs)
        return worker.peak_bytes(), self.empty, *self.variables.bytes()

    # --- single convolutions

    def conv(self, input, filter, stride, depthwise, what):
        """Prepares one pass of a convolution with SAME padding. Returns the fastest way and what each took."""
        n, h, w, c = input
        x = torch.from_numpy(worker.numbers(n * h * w * c).reshape(input)).permute(0, 3, 1, 2)
        weights = torch.from_numpy(worker.numbers(int(numpy.prod(filter))).reshape(filter))
        weights = weights.permute(2, 3, 0, 1) if depthwise else weights.permute(3, 2, 0, 1)
        way, self.step, took = worker.fastest(
            {
                name: functools.partial(self.convolution, x, weights, stride, depthwise, what, FORMATS[name])
                for name in FORMATS
            }
        )
        return way, took

    def convolution(self, x, weights, stride, depthwise, what, memory_format):
        (top, bottom), (left, right) = (same(x.shape[i + 2], weights.shape[i + 2], stride) for i in (0, 1))
        if top != bottom or left != right:  # padded beforehand, out of the time
            x, top, left = F.pad(x, (left, right, top, bottom)), 0, 0
        x, weights = x.contiguous(memory_format=memory_format), weights.contiguous(memory_format=memory_format)
        groups = x.shape[1] if depthwise else 1
        with torch.no_grad():
            dy = torch.ones_like(
                F.conv2d(x, weights, None, stride, (top, left), 1, groups), memory_format=memory_format
            )

        def forward():
            with torch.inference_mode():
                F.conv2d(x, weights, None, stride, (top, left), 1, groups)

        def gradient():
            torch.ops.aten.convolution_backward(
                dy,
                x,
                weights,
                None,
                [stride, stride],
                [top, left],
                [1, 1],
                False,
                [0, 0],
                groups,
                [what == "input_gradient", what == "weights_gradient", False],
            )

        return forward if what == "forward" else gradient


if __name__ == "__main__":
    worker.serve(Peer(*(sys.argv[1:] or ["cpu"])))
