#!/usr/bin/env python3
"""SlimCL beside its peers on this machine, as ratios: the LeNet train step beside PyTorch, matrix products beside OpenBLAS.

Usage: compare.py BUILD [--json] [--rounds=N] [--device=D ...]

BUILD is a build folder made with -Dbench=true. Peers are Debian's python3-torch and libopenblas-dev (tools/install-deps.sh
peers). Both sides run in turn, round by round, in one go on a machine that does nothing else: a ratio holds, a time does not.
A ratio above 1 means that SlimCL is faster.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def run(command, **environment):
    done = subprocess.run([str(c) for c in command], env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(str(c) for c in command)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def number(pattern, text, what):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        sys.exit(f"compare: {what} printed no line like '{pattern}'")
    return float(found.group(1))


def lenet(build, devices, rounds):
    """Median milliseconds per step of PyTorch and of each device, interleaved."""
    programs = {"pytorch": lambda: number(r"^best ([0-9.]+) ms", run(["/usr/bin/python3", HERE / "torch_lenet.py", 64]),
                                          "torch_lenet.py")}
    for device in devices:
        programs[device] = lambda device=device: number(
            r"median ([0-9.]+) ms", run([build / "tests/bench/bench_lenet", 64], SLIM_TEST_DEVICE=device), "bench_lenet")
    times = {name: [] for name in programs}
    for _ in range(rounds):
        for name, measure in programs.items():
            times[name].append(measure())
    return {name: statistics.median(values) for name, values in times.items()}


def gemm(build, device):
    """Rows of bench_gemm, which interleaves both sides itself."""
    text = run([build / "tests/bench/bench_gemm"], SLIM_TEST_DEVICE=device)
    rows = re.findall(r"^(.+?)\s+(\d+) x +(\d+) x +(\d+) (\w\w) +slim +([0-9.]+) GFLOP/s +openblas +([0-9.]+) +ratio ([0-9.]+)",
                      text, re.MULTILINE)
    return [{"case": f"{r[0].strip()} {r[4]}", "m": int(r[1]), "n": int(r[2]), "k": int(r[3]), "slim_gflops": float(r[5]),
             "openblas_gflops": float(r[6]), "ratio": float(r[7])} for r in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", action="append", help="cpu and opencl without it")
    options = parser.parse_args()
    devices = options.device or ["cpu", "opencl"]
    times = lenet(options.build, devices, options.rounds)
    result = {"lenet_train_step": {"batch": 64, "pytorch_ms": times["pytorch"], "devices": {
        d: {"ms": times[d], "ratio_to_pytorch": times["pytorch"] / times[d], "ratio_to_cpu": times.get("cpu", times[d]) / times[d]}
        for d in devices}}, "gemm": {d: gemm(options.build, d) for d in devices}}
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{'LeNet train step, batch 64':32} {'ms':>9} {'to PyTorch':>11} {'to cpu':>8}")
    print(f"{'pytorch':32} {times['pytorch']:9.2f} {1:11.2f}")
    for name, row in result["lenet_train_step"]["devices"].items():
        print(f"{name:32} {row['ms']:9.2f} {row['ratio_to_pytorch']:11.2f} {row['ratio_to_cpu']:8.2f}")
    for name, rows in result["gemm"].items():
        print(f"\n{'matrix product on ' + name:32} {'m':>6} {'n':>6} {'k':>6} {'GFLOP/s':>9} {'to OpenBLAS':>12}")
        for row in rows:
            print(f"{row['case']:32} {row['m']:6} {row['n']:6} {row['k']:6} {row['slim_gflops']:9.1f} {row['ratio']:12.2f}")


if __name__ == "__main__":
    main()
