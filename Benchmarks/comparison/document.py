"""The generated part of docs/BENCHMARKS.md: tables, and what they were measured on."""
import os

from . import chart, programs
from .results import TITLES

BEGIN, END = "<!-- compare:begin -->", "<!-- compare:end -->"


def milliseconds(figure):
    if figure is None:
        return "–"
    if figure.failed:
        return "failed"
    value = figure.milliseconds
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def times(ratio):
    return "–" if ratio is None else f"{ratio:.1f}×" if ratio < 20 else f"{ratio:,.0f}×"


def count(figure, what):
    if figure is None:
        return "–"
    return "failed" if figure.failed else f"{getattr(figure, what):,}"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def three_parties(f):
    header = ["ms", "Tacit, TLS", "Tacit, TCP", "Tacit, memory", "SPU ABY3", "CrypTen", "MP-SPDZ *(recorded)*", "SPU / Tacit",
              "CrypTen / Tacit", "MP-SPDZ / Tacit"]
    rows = []
    for w in f.workloads:
        cells = [milliseconds(f(p, w)) for p in ("tacit", "tacit-tcp", "tacit-memory", "spu-aby3", "crypten-3", "mp-spdz")]
        ratios = [times(f.ratio(p, w)) for p in ("spu-aby3", "crypten-3", "mp-spdz")]
        rows.append([TITLES[w]] + cells + ratios)
    return table(header, rows)


def traffic(f):
    header = ["bytes of all parties", "Tacit", "SPU ABY3", "CrypTen", "MP-SPDZ *(recorded)*", "Tacit's rounds",
              "SPU's send actions", "CrypTen's calls", "MP-SPDZ's rounds", "Tacit's largest error"]
    rows = []
    peers = ("tacit", "spu-aby3", "crypten-3", "mp-spdz")
    for w in f.workloads:
        mine = f("tacit", w)
        error = "–" if mine is None or mine.failed else f"{mine.error:.0e}"
        rows.append([TITLES[w]] + [count(f(p, w), what) for what in ("bytes", "rounds") for p in peers] + [error])
    return table(header, rows)


def fewer_rounds(f):
    header = ["TLS", "ms", "rounds", "bytes", "ms, `--optimise rounds`", "rounds", "bytes"]
    rows = []
    for w in f.workloads:
        row = [TITLES[w]]
        for program in ("tacit", "tacit-rounds"):
            figure = f(program, w)
            row += [milliseconds(figure), count(figure, "rounds"), count(figure, "bytes")]
        rows.append(row)
    return table(header, rows)


def two_parties(f):
    header = ["two parties and a dealer", "Tacit, TLS, ms", "CrypTen, ms", "CrypTen / Tacit", "Tacit's bytes",
              "CrypTen's bytes", "Tacit's rounds", "CrypTen's calls", "Tacit dealt, bytes", "dealing, ms"]
    rows = []
    for w in f.workloads:
        mine, theirs = f("tacit-2", w), f("crypten-2-online", w)
        if mine is None and theirs is None:
            continue
        dealt = ["–", "–"]
        if mine and not mine.failed:
            dealt = [count(mine, "dealt_bytes") if mine.dealt_bytes else "–", f"{mine.dealing * 1e3:.2f}"]
        rows.append([TITLES[w], milliseconds(mine), milliseconds(theirs),
                     times(f.ratio("crypten-2-online", w, ours="tacit-2")), count(mine, "bytes"), count(theirs, "bytes"),
                     count(mine, "rounds"), count(theirs, "rounds")] + dealt)
    return table(header, rows)


def simulated(f):
    header = ["ms", "10 ms, 1 Gbit/s", "planned", "`--optimise rounds`", "planned", "60 ms, 100 Mbit/s", "planned",
              "`--optimise rounds`", "planned"]
    rows = []
    for w in f.workloads:
        row = [TITLES[w]]
        for program, (round_trip, rate) in programs.NETWORKS.items():
            figure = f(program, w)
            row.append(milliseconds(figure))
            if figure is None or figure.failed:
                row.append("–")
            else:
                row.append(f"{1e3 * (figure.rounds * round_trip / 2 + figure.bytes / 3 * 8 / rate):,.0f}")
        rows.append(row)
    return table(header, rows)


def failures(f):
    found = [f"- {program} on {TITLES[w]}: {figure.failed}" for (program, w), figure in f.figures.items() if figure.failed]
    return ["### What failed", "", *found, ""] if found else []


def versions(f):
    v = f.about["versions"]
    packages = {**v["spu"], **v["crypten"]}
    peers = ", ".join(f"{name} {number}" for name, number in packages.items())
    return f"Tacit {v['tacit']} with Swift {v['swift']}; {peers}; MP-SPDZ 3a0a7b1d (recorded)"


def markdown(f):
    a, m = f.about, f.about["machine"]
    memory = f", {m['memory_gib']} GiB" if m["memory_gib"] else ""
    parts = [
        f"Made by `{a['command']}` on {a['date']}, which measured all programs alternately, {a['rounds']} rounds in {a['seconds']} s.",
        f"Machine: {m['cpu']}, {m['cores']} cores{memory}, {m['system']}, Linux {m['kernel']}; load average {a['load_start']} before and "
        f"{a['load_end']} after. {versions(f)}.",
        "`OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE` were unset for all programs.", "",
        "Times are from shared inputs to shared outputs at the slowest party, medians after a warm-up; one process a party on",
        "loopback (memory: tasks of one process). Tacit speaks TLS 1.3 unless stated; SPU and CrypTen speak plain TCP. All are",
        "semi-honest with 16 fraction bits (SPU: 18). MP-SPDZ's figures, over TLS and with comparisons on 32 bits, were recorded",
        "earlier on this kind of machine, **not in this run**: their ratios are for orientation.", "",
        "### Three parties", "", three_parties(f), "", "![Milliseconds by workload](benchmarks.svg)", "",
        "### Traffic of three parties", "",
        "As each program counts; CrypTen's counter is too low with three parties, where the wire carried a third more. Send actions",
        "and calls are not rounds: a party that sends to two others counts twice.", "", traffic(f), "",
    ]
    if f.has("tacit-rounds"):
        parts += ["### Fewer rounds", "", fewer_rounds(f), ""]
    if f.has("tacit-2") or f.has("crypten-2-online"):
        parts += ["### Two parties and a dealer", "",
                  "CrypTen's triples were made beforehand, as Tacit's correlations were.", "", two_parties(f), ""]
    if any(f.has(p) for p in programs.SIMULATED):
        parts += ["### A slower network", "",
                  "Three parties, TLS, with the channel's wrapper that delays messages and limits each party's bandwidth. Planned: half",
                  "a round trip for each round and a third of the bytes, as `tacit plan` reckons, nothing for computing. Peers would",
                  "need the kernel's `sch_netem` for the same, which this machine's kernel does not have.", "", simulated(f), ""]
    return "\n".join(parts + failures(f))


def write(text, figures, folder):
    """Replaces what is between the markers; the rest of the document is written by hand."""
    path = os.path.join(folder, "BENCHMARKS.md")
    with open(path) as f:
        before, rest = f.read().split(BEGIN)
    _, after = rest.split(END)
    with open(path, "w") as f:
        f.write(f"{before}{BEGIN}\n{text.rstrip()}\n{END}{after}")
    with open(os.path.join(folder, "benchmarks.svg"), "w") as f:
        f.write(chart.svg(figures))
