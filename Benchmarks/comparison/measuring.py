"""Runs all programs on all workloads, a few workloads at a time, so that each is measured under the same conditions."""
import json
import os
import subprocess
import sys
import time

from . import machine, programs

QUICK = ["w1_matmul_128", "w2_relu_100k", "w3_mlp_credit_b1", "w3_mlp_credit_logit_b1", "w4_mnist_mlp_b1",
         "w6_train_boston_mse_b64", "w7_max_128x10", "w8_less_100k"]
LIMIT = 400  # seconds for one program on one group of workloads


def environment():
    """Ours without settings that change what a BLAS library does: for all programs alike."""
    e = dict(os.environ)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS"):
        e.pop(name, None)
    return e


def run(command, workloads):
    """The JSON lines of a command; workloads without a line get one that says why."""
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=LIMIT)
        out, err, why = done.stdout, done.stderr, f"ended with status {done.returncode}"
    except subprocess.TimeoutExpired as late:
        out, err, why = (late.stdout or b"").decode(), "", f"took more than {LIMIT} s"
    except OSError as missing:
        out, err, why = "", "", f"cannot be run: {missing.strerror}"
    lines = []
    for line in out.splitlines():
        if line.startswith("{"):
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
    seen = {line.get("workload") for line in lines}
    notes = [line[2:] for line in err.splitlines() if line.startswith("# ")]
    last = [line for line in err.splitlines() if line.strip()][-1:]
    for workload in workloads:
        if workload not in seen:
            reason = next((n for n in notes if n.startswith(workload)), "; ".join([why] + last))
            lines.append({"workload": workload, "failed": reason[:300]})
    return lines


def groups(workloads):
    """Workloads by the number that their names begin with; short ones join others, as starting the peers takes seconds."""
    joined = {"w7": "w6", "w8": "w2"}
    found = {}
    for workload in workloads:
        number = workload.split("_")[0]
        found.setdefault(joined.get(number, number), []).append(workload)
    return found.values()


def build(root):
    print("building tacit", file=sys.stderr)
    subprocess.run(["swift", "build", "--package-path", root, "-c", "release", "--product", "tacit"], check=True,
                   stdout=subprocess.DEVNULL)
    return os.path.join(root, ".build", "release", "tacit")


def chosen(a, folder):
    """Names of the workloads to run, in order."""
    sys.path.insert(0, folder)
    script = "import workloads, json; print(json.dumps(list(workloads.WORKLOADS)))"
    python = os.path.join(a.cache, "crypten", "bin", "python")
    names = json.loads(subprocess.run([python, "-c", script], cwd=folder, check=True, capture_output=True).stdout)
    names = sorted(names + programs.OURS_ONLY, key=lambda n: n.split("_")[0])
    parts = a.only.split(",")
    return [n for n in names if any(n.startswith(p) for p in parts) and (not a.quick or n in QUICK)]


def measure(a, root):
    """All lines; the first one describes the machine."""
    folder = os.path.join(root, "Benchmarks", "peers")
    if not all(os.path.exists(os.path.join(a.cache, p, "bin", "python")) for p in ("crypten", "spu")):
        print(f"setting up the peers in {a.cache}", file=sys.stderr)
        subprocess.run([os.path.join(folder, "setup.sh")], env=dict(os.environ, PEERS_VENV=a.cache), check=True)
    tacit = a.tacit or build(root)
    workloads = chosen(a, folder)
    lines = [machine.describe(a.cache, root)]
    began = time.monotonic()

    def record(name, number, command, names):
        if not names:
            return
        for line in run(command, names):
            lines.append({"program": name, "round": number, **line})
            state = line.get("failed") or f"{line['seconds_median'] * 1e3:.2f} ms"
            print(f"{time.monotonic() - began:6.0f} s  {name:13} {line['workload']:26} {state}", file=sys.stderr)

    peers = programs.peers(a.cache, folder, a.runs)
    for number in range(1, a.rounds + 1):
        for group in groups(workloads):
            shared = [w for w in group if w not in programs.OURS_ONLY]
            variants = programs.VARIANTS if number == 1 else {}
            for name, options in {**programs.OURS, **variants}.items():
                record(name, number, programs.ours(tacit, options, group), group)
            for name, command in peers.items():
                record(name, number, command(shared), shared)
            for name, options in programs.TWO.items():
                record(name, number, programs.ours(tacit, options, group), group)
    for name, options in programs.SIMULATED.items():
        record(name, 1, programs.ours(tacit, options, workloads), workloads)
    lines[0].update(load_end=machine.load(), seconds=round(time.monotonic() - began), rounds=a.rounds,
                    command="Benchmarks/compare" + ("" if a.only == "w" else f" --only {a.only}"))
    return lines
