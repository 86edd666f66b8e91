"""The table of figures: what was measured, what is asked for, and charts."""

import html
import math

PASSES = ("forward", "input_gradient", "weights_gradient")
LOGITS_BOUND, LOSS_BOUND, UPDATE_BOUND = 1e-3, 1e-4, 0.02  # see Comparison.difference
TUNED_BOUND = 1e-4  # of a tuned convolution, as part of the largest value: that of bench_conv
TUNED_RATIO = 0.97  # what equal kernels may seem to differ by
# Ratios wanted, by batch size and group: in the three passes, None where none is. At batch 1 means are judged.
CONV_GOALS = {
    8: {
        "3x3 s1": (2.0, 1.9, 1.8),
        "1x1, 5x5, 1x7, 7x1, 3x3 s2": (0.9, 0.9, 0.9),
        "7x7 s2 first layer": (0.9, None, 1.0),
        "depthwise": (0.8, 0.8, 0.8),
    },
    1: {
        "3x3 s1": (1.9, None, None),
        "1x1, 5x5, 1x7, 7x1, 3x3 s2": (0.9, 0.9, 0.9),
        "7x7 s2 first layer": (0.9, None, 1.0),
        "depthwise": (0.9, 0.9, 0.9),
    },
}
NET_GOALS = {  # by mode, that of other nets under no name
    "inference": {"resnet_v1_50": 1.5, "vgg_16": 2.5, "": 1.4},
    "train": {"resnet_v1_50": 1.4, "vgg_16": 2.0, "": 1.25},
}
GPU_GOALS = {"inference": 0.85, "train": 0.75}  # by mode
OPENCL_GOAL, LEAST_MS = 0.85, 1  # to the CPU backend, where it takes so long
NEAR = 1.2  # times a goal: ratios above it are taken from one round
MOST_MISSES, MOST_SHORT = 3, 0.1  # figures may miss, each row of them counts, by this part


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def group(row):
    kh, kw, channels, _ = row["filter"]
    if row["op"] == "depthwise":
        return "depthwise"
    if channels < 8:
        return "7x7 s2 first layer"
    return "3x3 s1" if kh == kw == 3 and row["stride"] == 1 else "1x1, 5x5, 1x7, 7x1, 3x3 s2"


class Figures:
    """Lines of the table: what, against what, how it is judged, measured, wanted; and what of it misses, by which part."""

    def __init__(self):
        self.lines = []

    def add(self, what, against, judged, value, wanted, most=False, each=None):
        if value is not None:
            short = {
                name: (v / wanted - 1 if wanted else math.inf) if most else 1 - v / wanted
                for name, v in (each or {"": value}).items()
                if (v > wanted if most else v < wanted)
            }
            self.lines.append(
                {
                    "what": what,
                    "against": against,
                    "judged": judged,
                    "value": value,
                    "wanted": wanted,
                    "most": most,
                    "met": not short,
                    "short": short,
                }
            )

    def ratios(self, what, against, ratios, wanted, each=True):
        if ratios:
            worst = min(ratios, key=ratios.get)
            if each:
                self.add(what, against, f"each; least: {worst}", ratios[worst], wanted, each=ratios)
            else:
                self.add(what, against, "geometric mean", mean(ratios.values()), wanted)


def conv_goal(row):
    """How many times as fast as its best peer a convolution should be, or, at batch 1, those like it in the mean; None where
    no goal is set."""
    goals = CONV_GOALS.get(row["input"][0])
    return goals and goals[group(row)][PASSES.index(row["pass"])]


def net_goal(net, mode):
    return NET_GOALS[mode].get(net, NET_GOALS[mode][""])


def near(value, goal):
    """Whether more turns may tell if a ratio meets its goal."""
    return goal is not None and value < NEAR * goal


def conv_figures(figures, rows):
    def some(key, batch=None, **wanted):
        return {
            name: row[key]
            for name, row in rows.items()
            if (batch is None or row["input"][0] == batch)
            and all(group(row) == v if k == "group" else row[k] == v for k, v in wanted.items())
        }

    peers = "best of oneDNN and PyTorch"
    for batch, goals in CONV_GOALS.items():
        for name, targets in goals.items():
            for what, target in zip(PASSES, targets):
                if target:
                    ratios = some("ratio", batch, group=name, **{"pass": what})
                    figures.ratios(f"{name}, batch {batch}, {what}", peers, ratios, target, batch != 1)
    figures.ratios("all of the list, forward", peers, some("ratio", **{"pass": "forward"}), 1.3, False)
    figures.ratios(
        "all of the list, gradients",
        peers,
        {k: v["ratio"] for k, v in rows.items() if v["pass"] != "forward"},
        1.25,
        False,
    )
    for batch in CONV_GOALS:
        figures.ratios(
            f"the list on OpenCL, batch {batch}, where it takes 1 ms or more",
            "our CPU backend",
            {k: v["opencl_to_cpu"] for k, v in rows.items() if v["cpu_ms"] >= LEAST_MS and v["input"][0] == batch},
            OPENCL_GOAL,
            batch != 1,
        )


def net_figures(figures, nets):
    for name, entry in nets.items():
        net, mode, _ = name.split()
        if net != "lenet" and "ratio" in entry:
            figures.add(
                name,
                "best of " + ", ".join(entry["peers"]),
                f"fastest: {entry['best']}",
                entry["ratio"],
                net_goal(net, mode),
            )
    figures.ratios(
        "the nets on OpenCL", "our CPU backend", {k: v["opencl_to_cpu"] for k, v in nets.items()}, OPENCL_GOAL
    )
    for name, entry in nets.items():
        if entry.get("memory") and entry["memory"]["ratio"] is not None:
            figures.add(
                f"{name}, memory beyond weights", "PyTorch", "at most", entry["memory"]["ratio"], 0.6, most=True
            )
    if nets:
        figures.add(
            "steps of the nets on OpenCL that fall back",
            "-",
            "at most",
            sum(e["opencl"]["cpu_steps"] for e in nets.values()),
            0,
            most=True,
        )


def gpu_figures(figures, nets):
    for name, entry in nets.items():
        net, mode, _ = name.split()
        if net != "lenet" and "ratio" in entry:
            judged = f"its way: {entry['way']}"
            figures.add(f"{name}, on a GPU", "PyTorch with cuDNN", judged, entry["ratio"], GPU_GOALS[mode])


def other_figures(figures, results):
    if "start" in results:
        figures.add(
            "second process, resnet_v1_50, seconds more than steady",
            "-",
            "at most",
            results["start"]["added_s"],
            0.3,
            most=True,
        )
        figures.add(
            "first process, kernels compiled, seconds",
            "-",
            "at most",
            results["start"]["first_process_s"],
            8,
            most=True,
        )
    for device, most in (("opencl", 5), ("cpu", 1)):
        if "host" in results:
            figures.add(
                f"host cost of a step on {device}, microseconds",
                "-",
                "at most",
                results["host"][device]["us_per_step"],
                most,
                most=True,
            )


def tune_figures(figures, tune):
    figures.add("slimcl tune for the list", "its budget", "at most", tune["seconds"] / tune["budget_s"], 1.05, most=True)
    ratios = {name: row["ratio"] for name, row in tune["rows"].items()}
    figures.ratios("rows that slimcl tune changes", "untuned", ratios, TUNED_RATIO)


def figures_of(results):
    figures = Figures()
    conv_figures(figures, results.get("conv", {}))
    net_figures(figures, results.get("nets", {}))
    gpu_figures(figures, results.get("gpu", {}))
    other_figures(figures, results)
    if "tune" in results:
        tune_figures(figures, results["tune"])
    return figures.lines


# --- tables: a title, heads, rows of cells -------------------------------------------------------------------------------------------


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def figure_table(results):
    rows = [
        [
            f["what"],
            f["against"],
            number(f["value"]),
            ("<= " if f["most"] else ">= ") + number(f["wanted"]),
            "met" if f["met"] else "MISSED",
            f["judged"],
        ]
        for f in figures_of(results)
    ]
    return "Figures", ["work", "against", "measured", "wanted", "", "judged by"], rows


def conv_table(results):
    peak = results.get("machine", {}).get("peak_gflops")
    rows = []
    for name, r in results.get("conv", {}).items():
        gflops = r["mflop"] / r["cpu_ms"]
        percent = number(100 * gflops / peak, 0) if peak else "-"
        times = [number(r.get(k), 3) for k in ("onednn_ms", "onednn_asked_ms", "pytorch_ms")]
        note = "DIFFERENT RESULTS" if r["different"] else ""
        ours = [number(r["cpu_ms"], 3), number(gflops, 1), percent, r["kernel"]]
        rows.append(
            [name, *ours, *times, number(r["ratio"]), number(r["opencl_ms"], 3), number(r["opencl_to_cpu"]), note]
        )
    title = (
        "Convolutions: milliseconds on the CPU backend, oneDNN, its Winograd when it is asked for (takes no part in the "
        "ratio), PyTorch and OpenCL"
    )
    heads = ["", "cpu", "GFLOP/s", "% of peak", "kernel", "onednn", "asked", "pytorch", "ratio", "opencl", "to cpu", ""]
    return title, heads, rows


def differences(entry, mode):
    """Of the outputs of a net, each with its bound."""
    bounds = (LOSS_BOUND, UPDATE_BOUND) if mode == "train" else (LOGITS_BOUND,)
    return [
        (d, b) for by_device in entry["differences"].values() for ds in by_device.values() for d, b in zip(ds, bounds)
    ]


def check(entry, mode):
    """The largest difference of outputs, and whether it is within the bound."""
    pairs = differences(entry, mode)
    return f"{max(d for d, _ in pairs):.1e}" + ("" if all(d <= b for d, b in pairs) else " DIFFERS") if pairs else "-"


def net_table(results):
    rows = []
    for name, e in results.get("nets", {}).items():
        peers = [number(e["peers"].get(p), 1) for p in ("torch", "opencv", "tensorflow")]
        memory = e.get("memory") or {}
        rows.append(
            [
                name,
                number(e["cpu"]["median_ms"], 1),
                number(e["cpu"]["percent_of_peak"], 0),
                *peers,
                number(e.get("ratio")),
                number(e["opencl"]["median_ms"], 1),
                number(e["opencl_to_cpu"]),
                check(e, name.split()[1]),
                number(memory["ours"] / 1e6, 0) if memory else "-",
                number(memory["pytorch"] / 1e6, 0) if memory else "-",
                e["ways"].get("torch", "-"),
            ]
        )
    return (
        "Nets: milliseconds; difference of outputs; memory beyond weights, gradients, momentum and the empty process in MB",
        [
            "",
            "cpu",
            "% of peak",
            "pytorch",
            "opencv",
            "tensorflow",
            "ratio",
            "opencl",
            "to cpu",
            "difference",
            "memory",
            "of pytorch",
            "pytorch's way",
        ],
        rows,
    )


def gpu_table(results):
    rows = [
        [
            name,
            *(number(e.get(k)) for k in ("opencl_ms", "pytorch_ms", "ratio")),
            check(e, name.split()[1]),
            e.get("way", "-"),
        ]
        for name, e in results.get("gpu", {}).items()
    ]
    title = "Nets on a GPU: milliseconds, images and results in the host's memory; difference of outputs"
    return title, ["", "opencl", "pytorch", "ratio", "difference", "pytorch's way"], rows


def gemm_table(results):
    rows = [
        [
            name,
            *(number(r.get(k), 1) for k in ("cpu", "opencl", "openblas", "clblast")),
            number(r["cpu"] / r["openblas"]) if r.get("cpu") and r.get("openblas") else "-",
        ]
        for name, r in results.get("gemm", {}).items()
    ]
    return "Matrix products: GFLOP/s", ["", "cpu", "opencl", "openblas", "clblast on opencl", "cpu to openblas"], rows


def host_table(results):
    rows = [
        [device, number(h["us_per_step"]), str(h["steps"]), number(h["launch_us"], 1)]
        for device, h in results.get("host", {}).items()
    ]
    return (
        "The host's part: microseconds a step of resnet_v1_50 without a wait, the median of runs of several processes, and of a "
        "launch that computes next to nothing",
        ["", "a step", "steps", "a launch"],
        rows,
    )


def tune_table(results):
    tune = results.get("tune", {"rows": {}, "differences": {}})
    rows = [
        [name, number(r["untuned_ms"], 3), number(r["tuned_ms"], 3), number(r["ratio"]), f"{tune['differences'][name]:.1e}"]
        for name, r in tune["rows"].items()
    ]
    title = (
        f"Tuned: milliseconds on OpenCL of the rows that slimcl tune changes, of {len(tune['differences'])}; the outputs of all "
        f"differ from those of untuned ones by {max(tune['differences'].values(), default=0):.1e} at most"
    )
    return title, ["", "untuned", "tuned", "ratio", "difference"], rows


TABLES = (figure_table, conv_table, net_table, gpu_table, gemm_table, host_table, tune_table)


# --- the verdict ---------------------------------------------------------------------------------------------------------------------


def different(results):
    """What does not compute the same on all sides."""
    nets = [*results.get("nets", {}).items(), *results.get("gpu", {}).items()]
    return (
        [name for name, row in results.get("conv", {}).items() if row["different"]]
        + [name for name, e in nets if any(d > bound for d, bound in differences(e, name.split()[1]))]
        + [f"{name}, tuned" for name, d in results.get("tune", {}).get("differences", {}).items() if d > TUNED_BOUND]
    )


def verdict(results):
    """How many figures are met, what misses and by how much, and whether that is within what may."""
    figures = figures_of(results)
    short = {f"{f['what']}{': ' * bool(row)}{row}": part for f in figures for row, part in f["short"].items()}
    wrong = different(results)
    holds = len(short) <= MOST_MISSES and all(part <= MOST_SHORT for part in short.values()) and not wrong
    lines = [f"{sum(f['met'] for f in figures)} of {len(figures)} figures met"]
    lines += [f"  missed by {100 * part:.1f} %: {name}" for name, part in short.items()]
    lines += [f"  outputs differ: {name}" for name in wrong]
    rule = f"at most {MOST_MISSES} may miss, none by more than {100 * MOST_SHORT:.0f} %, and all outputs must agree"
    return "\n".join([*lines, f"{'HOLDS' if holds else 'DOES NOT HOLD'}: {rule}"])


def heading(results):
    machine = results.get("machine", {})
    peers = ", ".join(results.get("peers", {}).values())
    return (
        f"{machine.get('cpu')}, {machine.get('cores')} cores, {machine.get('isa')}, measured peak {number(machine.get('peak_gflops'), 1)} "
        f"GFLOP/s float32; OpenCL: {machine.get('opencl')}; beside {peers}"
    )


def text(results):
    parts = [heading(results)]
    for table in TABLES:
        title, heads, rows = table(results)
        if rows:
            widths = [max(len(str(row[i])) for row in [heads] + rows) for i in range(len(heads))]
            lines = [
                "  ".join(
                    str(cell).ljust(w) if i == 0 else str(cell).rjust(w) for i, (cell, w) in enumerate(zip(row, widths))
                ).rstrip()
                for row in [heads] + rows
            ]
            parts.append("\n".join([title, *lines]))
    parts.append(verdict(results))
    return "\n\n".join(parts) + "\n"


# --- the page: bars of ratios, with a line where both sides are equal ----------------------------------------------------------------

BAR, GAP, LABEL, WIDTH = 16, 6, 330, 560


def chart(title, bars):
    """bars: (label, ratio, wanted or None)."""
    if not bars:
        return ""
    scale = WIDTH / max(max(ratio for _, ratio, _ in bars), 1.2)
    height = len(bars) * (BAR + GAP) + GAP
    parts = [f'<h2>{html.escape(title)}</h2><svg width="{LABEL + WIDTH + 60}" height="{height}" role="img">']
    for i, (label, ratio, wanted) in enumerate(bars):
        y = GAP + i * (BAR + GAP)
        colour = "#2a7" if ratio >= (wanted or 1) else "#c63"
        parts.append(
            f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{html.escape(label)}</text>'
            f'<rect x="{LABEL}" y="{y}" width="{ratio * scale:.1f}" height="{BAR}" fill="{colour}"/>'
            f'<text x="{LABEL + ratio * scale + 4:.1f}" y="{y + 12}">{ratio:.2f}</text>'
        )
        if wanted:
            parts.append(
                f'<rect x="{LABEL + wanted * scale:.1f}" y="{y - 2}" width="2" height="{BAR + 4}" fill="#222"/>'
            )
    parts.append(
        f'<line x1="{LABEL + scale:.1f}" x2="{LABEL + scale:.1f}" y1="0" y2="{height}" stroke="#888" stroke-dasharray="3"/></svg>'
    )
    return "".join(parts)


def page(results):
    figures = [f for f in figures_of(results) if not f["most"]]
    charts = [
        chart(
            "Figures: how many times as fast; the mark is what is wanted",
            [(f["what"], f["value"], f["wanted"]) for f in figures],
        )
    ]
    for what in PASSES:
        rows = {k: r for k, r in results.get("conv", {}).items() if r["pass"] == what}
        charts.append(
            chart(
                f"Convolutions, {what}: to the best of oneDNN and PyTorch",
                [(k, r["ratio"], None) for k, r in rows.items()],
            )
        )
    charts.append(
        chart(
            "Nets: to the best peer",
            [(k, e["ratio"], None) for k, e in results.get("nets", {}).items() if "ratio" in e],
        )
    )
    charts.append(
        chart(
            "Nets: OpenCL to the CPU backend",
            [(k, e["opencl_to_cpu"], OPENCL_GOAL) for k, e in results.get("nets", {}).items()],
        )
    )
    charts.append(
        chart(
            "Nets on a GPU: to PyTorch with cuDNN",
            [(k, e["ratio"], GPU_GOALS[k.split()[1]]) for k, e in results.get("gpu", {}).items() if "ratio" in e],
        )
    )
    tables = []
    for table in TABLES:
        title, heads, rows = table(results)
        if rows:
            cells = "".join("<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in row) + "</tr>" for row in rows)
            tables.append(
                f"<h2>{html.escape(title)}</h2><table><tr>"
                + "".join(f"<th>{html.escape(h)}</th>" for h in heads)
                + f"</tr>{cells}</table>"
            )
    style = "body{font:14px sans-serif;margin:2em}svg text{font-size:12px}td,th{padding:1px 8px;text-align:right}td:first-child{text-align:left}"
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>SlimCL beside its peers</title><style>{style}</style>'
        f"<h1>SlimCL beside its peers</h1><p>{html.escape(heading(results))}</p><pre>{html.escape(verdict(results))}</pre>"
        f"{''.join(charts)}{''.join(tables)}</html>\n"
    )


def write(results, folder):
    """Writes table.txt and table.html into the folder. Returns the text."""
    (folder / "table.txt").write_text(text(results))
    (folder / "table.html").write_text(page(results))
    return text(results)
