"""OpenCV's DNN module as a peer, for inference: the nets of torch_peer, exported as ONNX."""

import os
import tempfile

import cv2
import numpy
import torch

import checkpoint
import worker
from torch_peer import Net


class Whole(torch.nn.Module):
    """A net that runs as in inference within a module that says it trains: the export then leaves equal variables apart, where
    otherwise it adds nodes that OpenCV cannot read."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)


class Peer:
    def about(self):
        return f"OpenCV {cv2.__version__} DNN"

    def open(self, net, mode, batch, prefix, rate=0.0, momentum=0.0, way=None):
        cv2.setNumThreads(os.cpu_count())
        variables = checkpoint.Variables(prefix)
        self.x = numpy.ascontiguousarray(worker.images(net, batch).transpose(0, 3, 1, 2))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "net.onnx")
            torch.onnx.export(
                Whole(Net(net, variables, False)),
                torch.from_numpy(self.x),
                path,
                opset_version=11,
                training=torch.onnx.TrainingMode.PRESERVE,
            )
            with open(
                path, "r+b"
            ) as file:  # of PyTorch's files OpenCV believes that averages count the padding; these do not
                model = file.read().replace(b"\x12\x07pytorch", b"\x12\x07another", 1)
                file.seek(0)
                file.write(model)
            self.net = cv2.dnn.readNetFromONNX(path)
        self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
        return "onnx", {}

    def step(self):
        self.net.setInput(self.x)
        self.result = self.net.forward()

    def turn(self, warm_ms, time_ms):
        return worker.turn(self.step, warm_ms, time_ms)

    def logits(self, path):
        self.step()
        self.result.astype(numpy.float32).tofile(path)


if __name__ == "__main__":
    worker.serve(Peer())
