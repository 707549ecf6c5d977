"""Figures of a run: medians over its rounds, by program and workload."""
import json
import statistics


def load(path):
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def save(lines, path):
    with open(path, "w") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)


class Figure:
    """What one program did on one workload."""

    def __init__(self, lines):
        good = [line for line in lines if "failed" not in line]
        self.failed = None if good else lines[0]["failed"]
        if good:
            self.seconds = statistics.median(line["seconds_median"] for line in good)
            self.best = min(line.get("seconds_min", line["seconds_median"]) for line in good)
            self.bytes = min(line["bytes_sent_total"] for line in good)
            self.rounds = good[0]["rounds"]
            self.error = max(line.get("max_abs_err", 0) for line in good)
            self.dealt_bytes = good[0].get("dealtBytes")
            self.dealing = statistics.median(line.get("offlineSeconds", 0) for line in good)

    @property
    def milliseconds(self):
        return self.seconds * 1e3


class Figures:
    def __init__(self, lines, recorded):
        self.about = lines[0]
        self.recorded = recorded
        found = {}
        for line in lines[1:]:
            program = line["program"]
            if line.get("online_only"):
                program += "-online"
            found.setdefault((program, line["workload"]), []).append(line)
        # A failure while triples were made in the timed part is one of the runs without it as well.
        for (program, workload), group in list(found.items()):
            if program == "crypten-2" and all("failed" in line for line in group):
                found.setdefault(("crypten-2-online", workload), group)
        self.figures = {key: Figure(group) for key, group in found.items()}
        names = {workload for _, workload in self.figures}
        self.workloads = sorted(names, key=lambda n: (n.split("_")[0], ORDER.index(n) if n in ORDER else 99))

    def __call__(self, program, workload):
        """The figure, or None where nothing was run."""
        if program == "mp-spdz":
            return self.recorded.get(workload)
        return self.figures.get((program, workload))

    def has(self, program):
        return any(p == program and not f.failed for (p, _), f in self.figures.items())

    def ratio(self, program, workload, ours="tacit"):
        """How many times longer a program takes than we do."""
        mine, theirs = self(ours, workload), self(program, workload)
        if not mine or not theirs or mine.failed or theirs.failed:
            return None
        return theirs.seconds / mine.seconds


# Workloads in the order of the tables, with what they are called there.
TITLES = {
    "w1_matmul_128": "matmul 128³",
    "w1_matmul_512": "matmul 512³",
    "w1_matmul_1024": "matmul 1024³",
    "w2_relu_100k": "ReLU of 100,000",
    "w2_relu_1m": "ReLU of 1,000,000",
    "w3_mlp_credit_b1": "credit 15-64-32-1, batch 1",
    "w3_mlp_credit_b690": "credit 15-64-32-1, batch 690",
    "w3_mlp_credit_logit_b1": "credit without sigmoid, batch 1",
    "w3_mlp_credit_logit_b690": "credit without sigmoid, batch 690",
    "w4_mnist_mlp_b1": "MNIST 784-128-128-10, batch 1",
    "w4_mnist_mlp_b128": "MNIST 784-128-128-10, batch 128",
    "w5_mnist_cnn_b1": "MNIST 3 convolutions, batch 1",
    "w5_mnist_cnn_b32": "MNIST 3 convolutions, batch 32",
    "w6_train_mnist_ce_b128": "training step, MNIST, batch 128",
    "w6_train_boston_mse_b64": "training step, Boston, batch 64",
    "w7_softmax_128x10": "softmax of 128 × 10",
    "w7_argmax_128x10": "argmax of 128 × 10",
    "w7_max_128x10": "max of 128 × 10",
    "w8_less_100k": "comparison of 100,000",
}
ORDER = list(TITLES)

# Rows of the recorded file that are the same work.
RECORDED = {
    "w1_matmul_128": ("matmul-128", None),
    "w1_matmul_512": ("matmul-512", None),
    "w1_matmul_1024": ("matmul-1024", None),
    "w2_relu_100k": ("relu-100k", None),
    "w2_relu_1m": ("relu-1m", None),
    "w3_mlp_credit_logit_b1": ("mlp-15-64-32-1", 1),
    "w3_mlp_credit_logit_b690": ("mlp-15-64-32-1", 690),
    "w4_mnist_mlp_b1": ("mlp-784-128-128-10", 1),
    "w4_mnist_mlp_b128": ("mlp-784-128-128-10", 128),
    "w5_mnist_cnn_b1": ("conv3-avgpool-mnist", 1),
    "w5_mnist_cnn_b32": ("conv3-avgpool-mnist", 32),
    "w6_train_mnist_ce_b128": ("train-mlp-784-128-128-10", 128),
    "w8_less_100k": ("compare-100k", None),
}


def recorded(path):
    """MP-SPDZ's fastest semi-honest run over TLS of each workload that it has."""
    lines = [line for line in load(path) if line["protocol"] == "replicated-ring" and line["transport"] == "tls"]
    best = {}
    for workload, (name, batch) in RECORDED.items():
        rows = [line for line in lines if line["workload"] == name and line["batch"] == batch]
        if rows:
            best[workload] = Figure([min(rows, key=lambda line: line["seconds_median"])])
    return best
