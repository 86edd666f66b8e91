#!/usr/bin/env python3
"""SlimCL beside its peers on this machine: figures as ratios, above 1 where SlimCL is faster or smaller.

Usage: compare.py BUILD [--output=FOLDER] [--parts=conv,nets,...] [--nets=...] [--filter=WORDS] [--rounds=N] [--opencl=DEVICE]
                  [--torch=DEVICE]

BUILD is a build folder made with -Dbench=true (run.sh makes one). Parts: conv (single convolutions beside oneDNN and PyTorch),
nets (inference and training beside PyTorch, OpenCV's DNN, and TensorFlow where the environment's SLIMCL_TENSORFLOW_PYTHON names a
Python that has it; memory too), gemm (beside OpenBLAS and CLBlast), start (a second process), host (what a step costs it), tune
(what slimcl tune finds for the convolutions in a minute, beside what is built in), and, only where it is asked for, gpu (nets on the
OpenCL device beside PyTorch with cuDNN). SLIMCL_TORCH_PYTHON may name another Python for PyTorch than this one. In a row of
convolutions or nets every side is ready in a process of its own and asleep but for its turns, which are short, so that a machine
that changes its speed does so for all of them; nothing else should run there. A ratio holds, a time does not. A row that a round
shows well above its goal has no further round; of a net the same goes for each side. Results go to FOLDER/results.json, where parts
that are not run now keep what they had, and from there to FOLDER/table.txt and table.html.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import numpy

import report
from nets import NETS
from worker import Failure, Turns, Worker

HERE = pathlib.Path(__file__).resolve().parent
PARTS = ("conv", "nets", "gemm", "start", "host", "tune")  # and gpu
BENCHMARKS = ("alexnet_v2", "vgg_16", "resnet_v1_50", "mobilenet_v1", "inception_v3")
MODES = (("inference", 1), ("inference", 8), ("train", 8))
GPU_BENCHMARKS, GPU_MODES = ("resnet_v1_50", "vgg_16"), (("inference", 32), ("train", 32))
# At these the first update changes the loss by 0.0004 to 0.02 of it. Of less, what float32 losses are rounded by would be too
# large a part; of more, the nets with batch norm would tell of chaos, not of gradients.
RATES = {
    "lenet": 1e-5,
    "alexnet_v2": 1e-3,
    "vgg_16": 1e-2,
    "resnet_v1_50": 1e-6,
    "mobilenet_v1": 1e-6,
    "inception_v3": 3e-7,
}
MOMENTUM = 0.9
SECONDS, RUNS = 9, 4  # second processes, and runs of each
HOSTS = 9  # processes that measure the host's part
BUDGET_S = 60  # of slimcl tune
SHAPE = ("op", "input", "filter", "stride", "pass")  # what a row of the list is
TURNS = 3  # of each side of a net's row in a round
WARM_MS, TURN_MS = 8, 60  # of a turn: what does not count, what does
LONG_MS = 1000  # a step that takes longer is no faster in a second run
CONV_TURNS = 11  # of a process of bench_conv: its BENCH_ROUNDS
CONV_WARM_MS, CONV_TURN_MS = 8, 4  # its BENCH_WARM_MS and BENCH_TIME_MS


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **environment):
    done = subprocess.run([str(c) for c in command], env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{' '.join(str(c) for c in command)}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def caches(folder):
    """The environment of a program that keeps what it compiles in this empty folder."""
    pocl = pathlib.Path(folder) / "pocl"
    pocl.mkdir()
    return {"XDG_CACHE_HOME": str(folder), "POCL_CACHE_DIR": str(pocl)}


def slower(times, side, ours="cpu"):
    """How many times as long as our device a side takes, in the rounds that it took part in."""
    return statistics.median(times[side]) / statistics.median(times[ours][: len(times[side])])


class Comparison:
    def __init__(self, options, save):
        self.save = save  # what was measured so far
        self.build, self.rounds, self.filter = options.build, options.rounds, options.filter.split()
        self.devices = {"cpu": "cpu", "opencl": options.opencl}
        self.nets = options.nets and options.nets.split(",")
        self.gpu_peer = f"torch {options.torch}"
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="slimcl-peers-"))
        self.peers = {}

    def slimcl(self, *arguments, **environment):
        return json.loads(run([self.build / "tools/slimcl", "bench", *arguments, "--json"], **environment))

    @staticmethod
    def open_peer(name):
        """A worker; name: that of the framework, and the device where it has a choice."""
        framework, *device = name.split()
        python = os.environ.get(f"SLIMCL_{framework.upper()}_PYTHON", sys.executable)
        return Worker([python, HERE / f"{framework}_peer.py", *device])

    def peer(self, name):
        """The worker of this name, None where it cannot run."""
        if name not in self.peers:
            worker = self.open_peer(name)
            try:
                self.peers[name + " version"] = worker.ask("about")
                self.peers[name] = worker
            except Failure as why:
                say(f"{name} is left out: {why}")
                self.peers[name] = None
        return self.peers[name]

    def close(self):
        for worker in self.peers.values():
            if isinstance(worker, Worker):
                worker.close()
        shutil.rmtree(self.work)

    # --- single convolutions: bench_conv has oneDNN within its process, PyTorch has its own

    NAME = re.compile(r"^b(\d+) (\w+) (\d+)x(\d+) s(\d+) (\d+)x(\d+)x(\d+)->(\d+) (\w+)$", re.MULTILINE)
    LINE = re.compile(
        r"([0-9.]+) ms +slim +[0-9.]+ GFLOP/s +onednn +([0-9.]+) +asked +([0-9.]+) +ratio +[0-9.]+ +(\S+) \| \S+(.*)$",
        re.MULTILINE,
    )

    def conv_list(self):
        """What the rows are, by name."""
        rows = {}
        for row in self.NAME.finditer(run([self.build / "tests/bench/bench_conv", "--list", *self.filter])):
            op, what = row[2], row[10]
            n, kh, kw, stride, h, w, c, o = (int(row[i]) for i in (1, 3, 4, 5, 6, 7, 8, 9))
            rows[row[0]] = {
                "op": op,
                "input": [n, h, w, c],
                "filter": [kh, kw, c, 1 if op == "depthwise" else o],
                "stride": stride,
                "pass": what,
                "mflop": 2e-6 * n * -(-h // stride) * -(-w // stride) * kh * kw * (1 if op == "depthwise" else c) * o,
            }
        return rows

    def conv_turns(self, name, torch):
        """A row on all sides in turns. By device our milliseconds, oneDNN's GFLOP/s in the same process, those when it is asked
        for Winograd, the kernel, a note; and PyTorch's milliseconds."""
        program = [self.build / "tests/bench/bench_conv", name]
        ours = {d: Turns(program, SLIM_TEST_DEVICE=selector) for d, selector in self.devices.items()}
        theirs = []
        for _ in range(CONV_TURNS):
            for process in ours.values():
                process.turn()
            if torch:
                theirs += [statistics.median(torch.ask("turn", warm_ms=CONV_WARM_MS, time_ms=CONV_TURN_MS))]
        rows = {}
        for device, process in ours.items():
            text = process.rest()
            found = self.LINE.search(text)
            if not found:
                raise Failure(f"{name} on {device}: bench_conv printed no figures but '{text.strip()}'")
            rows[device] = found.groups()
        return rows, statistics.median(theirs) if theirs else None

    def conv_round(self, name, row, times, entry):
        """One round of a row: appends to the times of all sides."""
        rows, pytorch = self.conv_turns(name, self.peer("torch"))
        times["pytorch"] += [pytorch] if pytorch else []
        for device, (ms, onednn, asked, kernel, note) in rows.items():
            times[device].append(float(ms))
            times["onednn"].append(row["mflop"] / float(onednn))
            times["onednn_asked"] += [row["mflop"] / float(asked)] if float(asked) else []
            entry["kernel"] = kernel if device == "cpu" else entry["kernel"]
            entry["different"] = entry["different"] or "DIFFERENT" in note

    def conv_row(self, name, row):
        """One row. Of ours the median of the processes counts; of peers the best, whose times move between processes."""
        times = {"cpu": [], "opencl": [], "onednn": [], "onednn_asked": [], "pytorch": []}
        entry = {**row, "kernel": "", "different": False}
        if self.peer("torch"):
            shape = {k: row[k] for k in ("input", "filter", "stride")}
            self.peer("torch").ask("conv", depthwise=row["op"] == "depthwise", what=row["pass"], **shape)
        for _ in range(self.rounds):
            self.conv_round(name, row, times, entry)
            entry |= {f"{d}_ms": statistics.median(times[d]) for d in self.devices}
            entry |= {f"{p}_ms": min(t) for p, t in times.items() if t and p not in self.devices}
            best = min(entry[f"{peer}_ms"] for peer in ("onednn", "pytorch") if times[peer])
            entry |= {"ratio": best / entry["cpu_ms"], "opencl_to_cpu": entry["cpu_ms"] / entry["opencl_ms"]}
            on_opencl = entry["cpu_ms"] >= report.LEAST_MS and report.near(entry["opencl_to_cpu"], report.OPENCL_GOAL)
            if not on_opencl and not report.near(entry["ratio"], report.conv_goal(row)):
                break
        return entry

    def conv(self, results):
        rows = results.setdefault("conv", {})
        for name, row in self.conv_list().items():
            rows[name] = entry = self.conv_row(name, row)
            self.save()
            say(
                f"{name:50} {entry['cpu_ms']:8.3f} ms  {entry['ratio']:.2f}  OpenCL to CPU {entry['opencl_to_cpu']:.2f}"
            )

    # --- nets

    def weights(self, net):
        """A checkpoint that all sides start from."""
        prefix = self.work / net
        if not pathlib.Path(f"{prefix}.index").exists():
            self.slimcl(
                "--device=cpu",
                f"--model_name={net}",
                f"--num_classes={NETS[net][3]}",
                "--mode=train",
                "--batch_size=2",
                "--runs=1",
                f"--save_path={prefix}",
            )
        return prefix

    def our_net(self, net, mode, batch, device, *more):
        return self.slimcl(
            f"--device={device}",
            f"--model_name={net}",
            f"--num_classes={NETS[net][3]}",
            f"--mode={mode}",
            f"--batch_size={batch}",
            f"--learning_rate={RATES[net]}",
            f"--momentum={MOMENTUM}",
            f"--checkpoint_path={self.weights(net)}",
            *more,
        )

    def our_outputs(self, net, mode, batch, device):
        """Of the first runs: logits, or losses without dropout, which the ResNets do not have."""
        path = self.work / "ours"
        without = ["--dropout_keep_prob=1"] * (mode == "train" and not net.startswith("resnet"))
        self.our_net(net, mode, batch, device, "--runs=1", f"--output_path={path}", *without)
        return numpy.fromfile(path, dtype="<f4")

    def difference(self, mode, ours, worker):
        """Of logits: the largest, as part of the largest logit. Of training: of the first loss, as part of it, or of what the
        first update changes in it, as part of that, whichever is more (the bound of the second is wider, see report.py).
        """
        if mode == "train":
            ours, theirs = [float(loss) for loss in ours[:2]], worker.ask("losses", steps=2)
            change = theirs[1] - theirs[0]
            return [abs(ours[0] - theirs[0]) / abs(theirs[0]), abs(ours[1] - ours[0] - change) / abs(change)]
        path = self.work / "theirs"
        worker.ask("logits", path=str(path))
        theirs = numpy.fromfile(path, dtype="<f4")
        return [float(abs(ours[: theirs.size] - theirs).max() / abs(theirs).max())]

    def our_plan(self, net, mode, batch, device):
        """What a net takes on a device, but for its time; memory is that of a process of its own."""
        answer = self.our_net(net, mode, batch, device, "--runs=1")
        keys = ("flops", "steps", "cpu_steps", "arena_bytes", "variable_bytes", "peak_bytes", "empty_bytes")
        return {k: answer[k] for k in (*keys, "host_us_per_step", "peak_gflops")}

    def net_round(self, workers, times):
        """A round of turns: appends the median of each to the times of its side. What comes before it makes plans, compiles, and
        tells how long a step is."""
        warm_ms = {name: WARM_MS for name in workers}
        names = list(workers)
        for r in range(1 + TURNS):
            for name in names[r % len(names) :] + names[: r % len(names)]:
                ms = statistics.median(workers[name].ask("turn", warm_ms=warm_ms[name], time_ms=TURN_MS))
                if r:
                    times.setdefault(name, []).append(ms)
                warm_ms[name] = WARM_MS if ms < LONG_MS else 0

    def rounds_of(self, asked, peers, devices, goal):
        """All rounds of a net: the times of each side. Ours are new processes in each, as where memory lies makes a difference. The
        first of our devices is what the others are compared with."""
        times, workers, first = {}, {**devices, **peers}, next(iter(devices))
        for _ in range(self.rounds):
            ours = {d: self.open_ours(asked, devices[d]) for d in workers if d in devices}
            self.net_round(workers | ours, times)
            for worker in ours.values():
                worker.close()
            workers = {
                name: worker
                for name, worker in workers.items()
                if name == first
                or (name in devices and report.near(1 / slower(times, name, first), report.OPENCL_GOAL))
                or (name in peers and report.near(slower(times, name, first), goal))
            }
            if len(workers) == 1:
                break
        return times

    def open_peers(self, entry, names, outputs, asked):
        """The peers that can run a net, ready for it. What they computed is compared with our outputs by device."""
        workers, mode = {}, asked["mode"]
        for name in names:
            worker = self.peer(name)
            try:
                if worker:
                    entry["ways"][name], _ = worker.ask("open", **asked)
                    entry["differences"][name] = {d: self.difference(mode, o, worker) for d, o in outputs.items()}
                    workers[name] = worker
            except Failure as why:
                entry["left_out"][name] = str(why)
                say(f"{asked['net']} {mode} batch {asked['batch']}: {name} is left out: {why}")
        return workers

    def open_ours(self, asked, selector):
        worker = Worker([self.build / "tests/bench/slim_peer", selector])
        worker.ask("open", **asked, classes=NETS[asked["net"]][3])
        return worker

    def asked(self, net, mode, batch):
        prefix = str(self.weights(net))
        return {"net": net, "mode": mode, "batch": batch, "prefix": prefix, "rate": RATES[net], "momentum": MOMENTUM}

    def net(self, net, mode, batch):
        """One net in one mode."""
        asked = self.asked(net, mode, batch)
        entry = {"ways": {}, "differences": {}, "left_out": {}}
        entry |= {d: self.our_plan(net, mode, batch, selector) for d, selector in self.devices.items()}
        outputs = {d: self.our_outputs(net, mode, batch, selector) for d, selector in self.devices.items()}
        names = ("torch", "tensorflow") if mode == "train" else ("torch", "tensorflow", "opencv")
        peers = self.open_peers(entry, names, outputs, asked)
        times = self.rounds_of(asked, peers, self.devices, report.net_goal(net, mode))
        medians = {name: statistics.median(values) for name, values in times.items()}
        for device in self.devices:
            ms, peak = medians[device], entry[device]["peak_gflops"]
            gflops = entry[device]["flops"] * 1e-6 / ms
            entry[device] |= {"median_ms": ms, "gflops": gflops, "percent_of_peak": 100 * gflops / peak if peak else None}
        entry["peers"] = {name: medians[name] for name in peers}
        ratios = {name: slower(times, name) for name in peers}
        if ratios:
            entry["best"] = min(ratios, key=ratios.get)
            entry["ratio"] = ratios[entry["best"]]
        entry["opencl_to_cpu"] = 1 / slower(times, "opencl")
        if "torch" in peers:
            entry["memory"] = self.memory(entry, asked)
        return entry

    def memory(self, entry, asked):
        """Peak less the empty process, weights, and in training gradients and momentum, of both sides; PyTorch's in a process of
        its own, on its fastest way."""
        worker = self.open_peer("torch")
        worker.ask("open", **asked, way=entry["ways"]["torch"])
        peak, empty, trained, others = worker.ask("memory", runs=2)
        worker.close()
        known = others + trained * (3 if asked["mode"] == "train" else 1)
        ours = entry["cpu"]
        pair = {"ours": ours["peak_bytes"] - ours["empty_bytes"] - known, "pytorch": peak - empty - known}
        return {**pair, "ratio": pair["ours"] / pair["pytorch"] if pair["pytorch"] > 0 else None}

    def all_nets(self, results):
        entries = results.setdefault("nets", {})
        for net in self.nets or BENCHMARKS:
            for mode, batch in MODES if net != "lenet" else (("inference", 64), ("train", 64)):
                name = f"{net} {mode} b{batch}"
                if all(word in name for word in self.filter):
                    entries[name] = entry = self.net(net, mode, batch)
                    self.save()
                    say(
                        f"{name:30} {entry['cpu']['median_ms']:9.2f} ms  {entry.get('ratio', 0):.2f}  OpenCL to CPU "
                        f"{entry['opencl_to_cpu']:.2f}"
                    )

    # --- nets on a GPU

    def gpu_net(self, net, mode, batch):
        """One net in one mode."""
        asked, devices = self.asked(net, mode, batch), {"opencl": self.devices["opencl"]}
        entry = {"ways": {}, "differences": {}, "left_out": {}}
        outputs = {d: self.our_outputs(net, mode, batch, selector) for d, selector in devices.items()}
        peers = self.open_peers(entry, [self.gpu_peer], outputs, asked)
        times = self.rounds_of(asked, peers, devices, report.GPU_GOALS[mode])
        entry["opencl_ms"] = statistics.median(times["opencl"])
        for name in peers:
            ratio = slower(times, name, "opencl")
            entry |= {"pytorch_ms": statistics.median(times[name]), "ratio": ratio, "way": entry["ways"][name]}
        return entry

    def gpu(self, results):
        if not self.peer(self.gpu_peer):
            raise Failure("the part gpu needs PyTorch and its device")
        entries = results.setdefault("gpu", {})
        for net in self.nets or GPU_BENCHMARKS:
            for mode, batch in GPU_MODES:
                name = f"{net} {mode} b{batch}"
                if all(word in name for word in self.filter):
                    entries[name] = entry = self.gpu_net(net, mode, batch)
                    self.save()
                    say(f"{name:30} {entry['opencl_ms']:9.2f} ms  {entry.get('ratio', 0):.2f}")

    # --- matrix products

    def gemm(self, results):
        """Rows of bench_gemm, which has OpenBLAS within its process; on OpenCL once more with CLBlast in place of our kernels."""
        line = re.compile(
            r"^(.+?)\s+(\d+) x +(\d+) x +(\d+) (\w\w) +slim +([0-9.]+) GFLOP/s +openblas +([0-9.]+)", re.MULTILINE
        )
        rows = {}
        for device, environment in (("cpu", {}), ("opencl", {}), ("clblast", {"SLIM_CLBLAST": "1"})):
            selector = self.devices["cpu" if device == "cpu" else "opencl"]
            text = run([self.build / "tests/bench/bench_gemm"], SLIM_TEST_DEVICE=selector, **environment)
            for label, m, n, k, transposed, ours, theirs in line.findall(text):
                row = rows.setdefault(f"{label.strip()} {m}x{n}x{k} {transposed}", {})
                row[device] = float(ours)
                row["openblas"] = max(row.get("openblas", 0), float(theirs))
        results["gemm"] = rows

    # --- tuned kernels

    TUNED = re.compile(r"^(b\d+ .*?\S) +([0-9.]+) ms +untuned +([0-9.]+) ms +ratio +[0-9.]+ +difference (\S+)$", re.MULTILINE)

    def tune(self, results):
        """What slimcl tune finds for the list. Every row is compared with the untuned one; those for which it found something, the
        others run the same kernels, are timed in turns with them."""
        with tempfile.TemporaryDirectory(dir=self.work) as cache:
            places = caches(cache)
            program, selector = self.build / "tools/slimcl", self.devices["opencl"]
            tuned = json.loads(
                run([program, "tune", f"--device={selector}", "--suite=conv", f"--budget={BUDGET_S}s", "--json"], **places)
            )

            def rows_of(*words):
                program = [self.build / "tests/bench/bench_conv", "--tuned", *words]
                return self.TUNED.findall(run(program, SLIM_TEST_DEVICE=selector, **places))

            shapes = [[row[k] for k in SHAPE] for row in tuned["rows"] if row["found"]]
            found = [name for name, row in self.conv_list().items() if [row[k] for k in SHAPE] in shapes]
            differences = {name: float(difference) for name, _, _, difference in rows_of()}
            rows = {}
            for name in found:
                times = [[float(ms) for ms in rows_of(name)[0][1:3]] for _ in range(self.rounds)]
                ours, untuned = (statistics.median(t) for t in zip(*times))
                ratio = statistics.median(t[1] / t[0] for t in times)
                rows[name] = {"tuned_ms": ours, "untuned_ms": untuned, "ratio": ratio}
        results["tune"] = {"seconds": tuned["seconds"], "budget_s": BUDGET_S, "rows": rows, "differences": differences}

    # --- a second process, and the host's part

    def start(self, results):
        """resnet_v1_50 with weights from a checkpoint in the page cache: the first process compiles kernels, the next ones find them.
        Of these many, as a virtual machine's host may have taken back memory that was free: a process that touches it first waits
        for it some 0.3 s in all."""
        with tempfile.TemporaryDirectory(dir=self.work) as cache:
            places = caches(cache)
            arguments = [
                "--model_name=resnet_v1_50",
                f"--checkpoint_path={self.weights('resnet_v1_50')}",
                "--num_classes=1000",
            ]
            selector = f"--device={self.devices['opencl']}"
            first = self.slimcl(*arguments, selector, "--runs=1", **places)
            second = [self.slimcl(*arguments, selector, f"--runs={RUNS}", **places) for _ in range(SECONDS)]
        added = [s["first_ms"] - s["median_ms"] for s in second]
        results["start"] = {
            "first_process_s": first["first_ms"] / 1e3,
            "steady_ms": statistics.median(s["median_ms"] for s in second),
            "added_s": statistics.median(added) / 1e3,
        }

    def host(self, results):
        """What a step of resnet_v1_50 costs the host: the median of so many processes, each of which gives that of up to 25 runs."""
        host = {}
        for device, selector in self.devices.items():
            net = [
                self.slimcl(f"--device={selector}", "--model_name=resnet_v1_50", "--runs=2") for _ in range(HOSTS)
            ]
            tiny = self.slimcl(f"--device={selector}", "--op=max_pool2d", "--input=1,1,1,1", "--filter=1,1,1,1")
            host[device] = {
                "us_per_step": statistics.median(n["host_us_per_step"] for n in net),
                "steps": net[0]["steps"],
                "launch_us": tiny["median_ms"] * 1e3,
            }
        results["host"] = host

    def machine(self, results):
        tiny = self.slimcl("--device=cpu", "--op=max_pool2d", "--input=1,1,1,1", "--filter=1,1,1,1", "--runs=1")
        opencl = self.slimcl(
            f"--device={self.devices['opencl']}", "--op=max_pool2d", "--input=1,1,1,1", "--filter=1,1,1,1", "--runs=1"
        )
        results["machine"] = {
            "cpu": tiny["device_name"],
            "isa": tiny["driver"],
            "cores": os.cpu_count(),
            "peak_gflops": tiny["peak_gflops"],
            "opencl": f"{opencl['device_name']}, {opencl['driver']}",
        }
        results.setdefault("peers", {}).update({k[:-8]: v for k, v in self.peers.items() if k.endswith(" version")})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("peers"))
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--nets", help="those of the parts nets and gpu; also lenet")
    parser.add_argument("--filter", default="", help="only rows that contain every one of these words")
    parser.add_argument("--rounds", type=int, default=3, help="of a row near its goal; others have one")
    parser.add_argument("--opencl", default="opencl", help="the OpenCL device, as slimcl --device names it")
    parser.add_argument("--torch", default="cuda", help="PyTorch's device in the part gpu")
    options = parser.parse_args()
    unknown = set(options.parts.split(",")) - {*PARTS, "gpu"}
    if unknown:
        parser.error(f"unknown parts {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}, gpu")
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    comparison = Comparison(options, lambda: path.write_text(json.dumps(results, indent=1)))
    work = {
        "conv": comparison.conv,
        "nets": comparison.all_nets,
        "gpu": comparison.gpu,
        "gemm": comparison.gemm,
        "start": comparison.start,
        "host": comparison.host,
        "tune": comparison.tune,
    }
    try:
        for part in options.parts.split(","):
            work[part](results)
        comparison.machine(results)
    finally:
        comparison.close()
        comparison.save()
    print(report.write(results, options.output))


if __name__ == "__main__":
    try:
        main()
    except Failure as why:
        sys.exit(f"compare: {why}")
