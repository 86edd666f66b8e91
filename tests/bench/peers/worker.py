"""A side in a process of its own, which compare.py asks for work by lines of JSON, so that all sides can take turns."""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy

from nets import NETS


def numbers(count):
    """The numbers in [-1, 1) that slimcl bench makes its images of."""
    i = numpy.arange(count, dtype=numpy.uint32)
    return ((i * numpy.uint32(2654435761) >> numpy.uint32(8)) & numpy.uint32(1023)).astype(numpy.float32) / 512 - 1


def images(net, batch):
    _, side, channels, _ = NETS[net]
    return numbers(batch * side * side * channels).reshape(batch, side, side, channels)


def labels(net, batch):
    return numpy.arange(batch, dtype=numpy.int64) % NETS[net][3]


def peak_bytes():
    """The most memory this process held since it began, or since forget_peak."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def forget_peak():
    """What reading weights took is no part of the peak."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def milliseconds(fn, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        fn()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def turn(fn, warm_ms, time_ms):
    """Milliseconds of a few runs: one and as many more as begin within time_ms. What begins within warm_ms before them does not
    count: other programs had the caches, and threads that were asleep may share a core for a while."""
    start = time.perf_counter()
    while (time.perf_counter() - start) * 1e3 < warm_ms:
        fn()
    times = milliseconds(fn, 1)
    while sum(times) < time_ms:
        times += milliseconds(fn, 1)
    return times


def fastest(makers):
    """Of functions that make something to run, by name: the name of the fastest, that ready to run, and what each took. Each is
    tried for a short while, alone in memory."""
    took = {}
    for name, make in makers.items():
        fn = make()
        first = milliseconds(fn, 1)[0]
        if first < 2000:  # else it is too slow for another warm-up
            first = milliseconds(fn, 2)[1]
        took[name] = min(milliseconds(fn, max(1, min(20, int(300 / first)))))
        del fn
        gc.collect()
    way = min(took, key=took.get)
    return way, makers[way](), took


def serve(peer):
    """Answers lines from stdin: {"call": method, ...its arguments} with its result. What anybody prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": getattr(peer, request.pop("call"))(**request)}
        except Exception as error:  # the other side reports it and goes on without this peer
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)


class Failure(Exception):
    pass


class Worker:
    """The side that asks."""

    def __init__(self, command):
        # Threads of libgomp have a core each and may spin for their own gaps, but are asleep before the other side's turn.
        environment = {**os.environ, "GOMP_SPINCOUNT": "20000", "OPENBLAS_THREAD_TIMEOUT": "20"}
        environment |= {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores"}
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        self.process = subprocess.Popen(
            [str(c) for c in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            stderr=self.errors,
        )

    def ask(self, call, **arguments):
        try:
            print(json.dumps({"call": call, **arguments}), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        answer = json.loads(line) if line else {"error": self.last_words()}
        if "error" in answer:
            raise Failure(answer["error"])
        return answer["result"]

    def last_words(self):
        self.process.wait()
        self.errors.seek(0)
        return (self.errors.read().strip() or "it ended without a word").splitlines()[-1]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Turns:
    """A program that runs a turn for every line it is sent and says so, and at its end prints what it found (see bench.h)."""

    def __init__(self, command, **environment):
        self.process = subprocess.Popen(
            [str(c) for c in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "BENCH_TURNS": "1", **environment},
        )

    def turn(self):
        try:
            print(file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # nothing can be read either
        while (line := self.process.stdout.readline()) != "turn\n":
            if not line:
                raise Failure(f"{' '.join(self.process.args)} ended within a turn")

    def rest(self):
        self.process.stdin.close()
        text = self.process.stdout.read()  # communicate() would pass over what came along with the last turn's line
        if self.process.wait() != 0:
            raise Failure(f"{' '.join(self.process.args)} ended with status {self.process.returncode}: {text.strip()[-500:]}")
        return text
