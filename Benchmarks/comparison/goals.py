"""What the project wants of the figures; `compare` says which goals are missed."""

# Times faster than MP-SPDZ's recorded figures.
RECORDED = {
    "w1_matmul_512": 20, "w1_matmul_1024": 20, "w2_relu_100k": 1.5, "w2_relu_1m": 1.5, "w3_mlp_credit_logit_b1": 1.5,
    "w3_mlp_credit_logit_b690": 2, "w4_mnist_mlp_b1": 1.5, "w4_mnist_mlp_b128": 4, "w5_mnist_cnn_b1": 4,
    "w5_mnist_cnn_b32": 10, "w6_train_mnist_ce_b128": 4, "w8_less_100k": 1.5,
}
STEP_LIMIT = 0.035  # seconds of a training step on MNIST
ROUND_LIMIT = 25e-6  # seconds of a round at batch 1, computing included


def wanted(figures):
    """(workload, program, ours, ratio wanted) for all goals on times."""
    for w in figures.workloads:
        is_product = w.startswith("w1")
        for peer in ("spu-aby3", "crypten-3"):
            yield w, peer, "tacit", 4 if is_product else 10
        if w in RECORDED:
            yield w, "mp-spdz", "tacit", RECORDED[w]
        if figures.has("tacit-2"):
            yield w, "crypten-2-online", "tacit-2", 1.5 if is_product else 5


def report(figures):
    """One line a goal that is missed."""
    missed, held = [], 0
    for w, peer, ours, ratio in wanted(figures):
        found = figures.ratio(peer, w, ours=ours)
        if found is None:
            continue
        if found < ratio:
            missed.append(f"missed: {w}: {peer} / {ours} is {found:.2f}, wanted {ratio}")
        else:
            held += 1
        mine, theirs = figures(ours, w), figures(peer, w)
        if mine.bytes >= theirs.bytes and not (ours == "tacit-2" and w.startswith("w1")):
            missed.append(f"missed: {w}: {ours} sends {mine.bytes:,} bytes, {peer} {theirs.bytes:,}")
    step = figures("tacit", "w6_train_mnist_ce_b128")
    if step and not step.failed and step.seconds > STEP_LIMIT:
        missed.append(f"missed: a training step takes {step.milliseconds:.1f} ms")
    for w in ("w3_mlp_credit_logit_b1", "w4_mnist_mlp_b1"):
        run = figures("tacit", w)
        if run and not run.failed and run.seconds > ROUND_LIMIT * run.rounds:
            missed.append(f"missed: {w}: a round takes {run.seconds / run.rounds * 1e6:.0f} us, wanted {ROUND_LIMIT * 1e6:.0f}")
    return "\n".join(missed + [f"{held} goals on times hold, {len(missed)} goals are missed"])
