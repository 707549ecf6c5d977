"""Workloads shared by every peer benchmark: inputs, parameters and a plaintext (float64) reference.

Each entry of WORKLOADS is name -> (kind, batch, make) where make() returns (args, expected):
args is an ordered dict of float32 arrays, all of which are secret; expected is a list of arrays.
Seeds are fixed, so all peers (and our own program) see the same numbers.
"""
import numpy as np

LR_MNIST, LR_BOSTON = 0.1, 0.05
f32 = np.float32


def _he(rng, *shape, fan_in):
    return (rng.standard_normal(shape) * np.sqrt(2.0 / fan_in)).astype(f32)


def _mlp_params(rng, sizes):
    p = {}
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        p[f"w{i}"] = _he(rng, a, b, fan_in=a)
        p[f"b{i}"] = (rng.standard_normal(b) * 0.1).astype(f32)
    return p


def _relu(x):
    return np.maximum(x, 0)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _mlp_forward(x, p, n):
    acts, pre = [x], []
    for i in range(n):
        z = acts[-1] @ p[f"w{i}"].astype(float) + p[f"b{i}"]
        pre.append(z)
        acts.append(_relu(z) if i < n - 1 else z)
    return acts, pre


def _conv(x, w):  # NCHW, OIHW, valid
    v = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", v, w.astype(float), optimize=True)


def _pool(x):
    n, c, h, w = x.shape
    h2, w2 = h // 2, w // 2
    return x[:, :, : h2 * 2, : w2 * 2].reshape(n, c, h2, 2, w2, 2).mean((3, 5))


def matmul(n):
    def make():
        r = np.random.default_rng(1)
        a, b = r.uniform(-1, 1, (n, n)).astype(f32), r.uniform(-1, 1, (n, n)).astype(f32)
        return {"a": a, "b": b}, [a.astype(float) @ b]
    return make


def relu(n):
    def make():
        x = np.random.default_rng(2).uniform(-8, 8, n).astype(f32)
        return {"x": x}, [_relu(x)]
    return make


def less(n):
    def make():
        r = np.random.default_rng(3)
        x, y = r.uniform(-8, 8, n).astype(f32), r.uniform(-8, 8, n).astype(f32)
        return {"x": x, "y": y}, [(x < y).astype(float)]
    return make


def mlp(sizes, batch, final):
    def make():
        r = np.random.default_rng(4)
        p = _mlp_params(r, sizes)
        x = r.uniform(0, 1, (batch, sizes[0])).astype(f32)
        out = _mlp_forward(x.astype(float), p, len(sizes) - 1)[0][-1]
        return {"x": x, **p}, [_sigmoid(out) if final == "sigmoid" else out]
    return make


def cnn(batch):
    def make():
        r = np.random.default_rng(5)
        p = {}
        for i, (ci, co) in enumerate([(1, 16), (16, 32), (32, 64)]):
            p[f"w{i}"] = _he(r, co, ci, 3, 3, fan_in=ci * 9)
            p[f"b{i}"] = (r.standard_normal(co) * 0.1).astype(f32)
        p["w3"], p["b3"] = _he(r, 64, 10, fan_in=64), (r.standard_normal(10) * 0.1).astype(f32)
        x = r.uniform(0, 1, (batch, 1, 28, 28)).astype(f32)
        h = x.astype(float)
        for i in range(3):
            h = _relu(_pool(_conv(h, p[f"w{i}"]) + p[f"b{i}"][:, None, None]))
        return {"x": x, **p}, [h.reshape(batch, 64) @ p["w3"].astype(float) + p["b3"]]
    return make


def train(sizes, batch, loss):
    """One SGD step; expected = the updated parameters. loss 'ce': softmax cross-entropy, 'mse': mean squared."""
    def make():
        r = np.random.default_rng(6)
        p = _mlp_params(r, sizes)
        n = len(sizes) - 1
        if loss == "ce":
            x = r.uniform(0, 1, (batch, sizes[0])).astype(f32)
            y = np.eye(sizes[-1], dtype=f32)[r.integers(0, sizes[-1], batch)]
        else:
            x = r.standard_normal((batch, sizes[0])).astype(f32)
            y = r.uniform(-1, 1, (batch, sizes[-1])).astype(f32)
        acts, pre = _mlp_forward(x.astype(float), p, n)
        g = ((_softmax(acts[-1]) - y) / batch) if loss == "ce" else 2 * (acts[-1] - y) / batch
        lr = LR_MNIST if loss == "ce" else LR_BOSTON
        new = {}
        for i in reversed(range(n)):
            new[f"w{i}"], new[f"b{i}"] = p[f"w{i}"] - lr * acts[i].T @ g, p[f"b{i}"] - lr * g.sum(0)
            if i:
                g = (g @ p[f"w{i}"].astype(float).T) * (pre[i - 1] > 0)
        return {"x": x, "y": y, **p}, [new[k] for k in p]
    return make


def rows(kind):
    def make():
        x = np.random.default_rng(7).uniform(-4, 4, (128, 10)).astype(f32)
        if kind == "softmax":
            return {"x": x}, [_softmax(x.astype(float))]
        if kind == "max":
            return {"x": x}, [x.max(1)]
        return {"x": x}, [x.argmax(1).astype(float)]
    return make


MN, CR, BO = (784, 128, 128, 10), (15, 64, 32, 1), (13, 64, 32, 1)
WORKLOADS = {
    "w1_matmul_128": ("matmul", 128, matmul(128)),
    "w1_matmul_512": ("matmul", 512, matmul(512)),
    "w1_matmul_1024": ("matmul", 1024, matmul(1024)),
    "w2_relu_100k": ("relu", 100_000, relu(100_000)),
    "w2_relu_1m": ("relu", 1_000_000, relu(1_000_000)),
    "w3_mlp_credit_b1": ("mlp_sigmoid", 1, mlp(CR, 1, "sigmoid")),
    "w3_mlp_credit_b690": ("mlp_sigmoid", 690, mlp(CR, 690, "sigmoid")),
    "w4_mnist_mlp_b1": ("mlp", 1, mlp(MN, 1, None)),
    "w4_mnist_mlp_b128": ("mlp", 128, mlp(MN, 128, None)),
    "w5_mnist_cnn_b1": ("cnn", 1, cnn(1)),
    "w5_mnist_cnn_b32": ("cnn", 32, cnn(32)),
    "w6_train_mnist_ce_b128": ("train_ce", 128, train(MN, 128, "ce")),
    "w6_train_boston_mse_b64": ("train_mse", 64, train(BO, 64, "mse")),
    "w7_softmax_128x10": ("softmax", 128, rows("softmax")),
    "w7_argmax_128x10": ("argmax", 128, rows("argmax")),
    "w7_max_128x10": ("max", 128, rows("max")),
    "w8_less_100k": ("less", 100_000, less(100_000)),
}


def error(got, expected):
    """(max abs error, max abs expected) over a list of outputs."""
    e = max(float(np.max(np.abs(np.asarray(g, float).reshape(w.shape) - w))) for g, w in zip(got, expected))
    return e, max(float(np.max(np.abs(w))) for w in expected)


def selected(only):
    """The workloads that a comma-separated list of names, or of beginnings of names, means."""
    parts = only.split(",")
    return {n: w for n, w in WORKLOADS.items() if any(n == o or (o not in WORKLOADS and n.startswith(o)) for o in parts)}
