"""Median milliseconds of a LeNet train step in PyTorch: the peer of bench_lenet.

Usage: torch_lenet.py [batch] [threads]. Same net as TF-Slim's LeNet with Adam: 5x5x32, pool, 5x5x64, pool, 1024,
dropout 0.5, 10 classes. Runs both memory formats and prints each; the faster one is the peer.
"""
import sys
import time

import torch
from torch import nn


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10))


def median_ms(batch, memory_format, foreach, rounds=40, warm=8):
    torch.manual_seed(1)
    net = lenet().to(memory_format=memory_format)
    images = torch.rand(batch, 1, 28, 28).contiguous(memory_format=memory_format)
    labels = torch.randint(0, 10, (batch,))
    loss = nn.CrossEntropyLoss()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, foreach=foreach)
    times = []
    for i in range(warm + rounds):
        start = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        loss(net(images), labels).backward()
        adam.step()
        times.append((time.perf_counter() - start) * 1e3)
    return sorted(times[warm:])[rounds // 2]


def main():
    batch = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    results = {}
    for name, memory_format in (("nchw", torch.contiguous_format), ("nhwc", torch.channels_last)):
        for foreach in (False, True):
            results[name + ("_foreach" if foreach else "")] = median_ms(batch, memory_format, foreach)
    for name, ms in results.items():
        print(f"torch {torch.__version__} lenet batch {batch} {name}: {ms:.2f} ms")
    print(f"best {min(results.values()):.2f} ms")


if __name__ == "__main__":
    main()
