"""CrypTen benchmark: one process per party (CrypTen's launcher, gloo over loopback TCP).

  python crypten_bench.py --parties 2 --out results.jsonl
Timed: from secret-shared inputs to secret-shared outputs, on every party, the slowest counts; sharing the
inputs and revealing the outputs are outside. online_only=false: triples are made inside the timed part, by
CrypTen's default trusted-first-party provider; --online also times runs whose triples were made beforehand.
"""
import argparse, importlib.machinery, logging, os, sys, time, types, warnings

os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
warnings.filterwarnings("ignore")


def stub(name, **attrs):  # CrypTen's ONNX importer needs modules that new torch dropped; we do not use it
    m = types.ModuleType(name)
    m.__spec__ = importlib.machinery.ModuleSpec(name, None)
    m.__dict__.update(attrs)
    sys.modules[name] = m


stub("onnx", numpy_helper=None)
stub("torch.onnx.symbolic_registry")
import numpy as np
import torch
import crypten
import crypten.communicator as comm
from crypten.config import cfg

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common
from workloads import LR_BOSTON, LR_MNIST, error, selected


def mlp(v, n, grad=False):
    h = v["x"]
    for i in range(n):
        h = h.matmul(v[f"w{i}"]).add(v[f"b{i}"])
        if i < n - 1:
            h = h.relu()
    return h


def cnn(v):
    h = v["x"]
    for i in range(3):
        h = h.conv2d(v[f"w{i}"]).add(v[f"b{i}"].view(-1, 1, 1)).avg_pool2d(2).relu()
    return h.flatten(start_dim=1).matmul(v["w3"]).add(v["b3"])


def train(v, loss):
    """Forward, gradient of the loss at the output, CrypTen autograd backward, update. Loss value not computed."""
    with crypten.enable_grad():
        p = {k: t.clone() for k, t in v.items() if k[0] in "wb"}
        for t in p.values():
            t.requires_grad = True
        out = mlp({**p, "x": v["x"]}, 3)
    with crypten.no_grad():
        b = v["x"].size(0)
        o = out.detach()
        g = (o.softmax(1) - v["y"]).div(b) if loss == "ce" else (o - v["y"]).mul(2.0 / b)
        out.backward(g)
        lr = LR_MNIST if loss == "ce" else LR_BOSTON
        return [t.detach() - t.grad.mul(lr) for t in p.values()]


RUN = {
    "matmul": lambda v: [v["a"].matmul(v["b"])],
    "relu": lambda v: [v["x"].relu()],
    "less": lambda v: [v["x"].lt(v["y"])],
    "mlp_sigmoid": lambda v: [mlp(v, 3).sigmoid()],
    "mlp": lambda v: [mlp(v, 3)],
    "cnn": lambda v: [cnn(v)],
    "train_ce": lambda v: train(v, "ce"),
    "train_mse": lambda v: train(v, "mse"),
    "softmax": lambda v: [v["x"].softmax(1)],
    "argmax": lambda v: [v["x"].argmax(1, one_hot=False)],
    "max": lambda v: [v["x"].max(1)[0]],
}


def gather_all(value):
    out = [torch.zeros(2, dtype=torch.float64) for _ in range(comm.get().get_world_size())]
    torch.distributed.all_gather(out, torch.tensor(value, dtype=torch.float64), group=comm.get().main_group)
    return torch.stack(out)


def timed(f, v):
    torch.distributed.barrier(group=comm.get().main_group)
    t = time.perf_counter()
    y = f(v)
    t = time.perf_counter() - t
    return y, float(gather_all([t, 0.0])[:, 0].max())


def party(a):
    torch.set_num_threads(a.threads)
    logging.getLogger().setLevel(logging.ERROR)
    rank, world = comm.get().get_rank(), comm.get().get_world_size()
    provider = crypten.mpc.get_default_provider()
    for name, (kind, batch, make) in selected(a.only).items():
        args, want = make()
        try:
            v = {k: crypten.cryptensor(torch.from_numpy(np.array(x)), src=0) for k, x in args.items()}
            lock = common.cpu_lock() if rank == 0 else None
            if lock:
                lock.__enter__()
            with crypten.no_grad():
                y, first = timed(RUN[kind], v)
                times = [timed(RUN[kind], v)[1] for _ in range(common.repeats(first, a.runs))]
                with cfg.temp_override({"communicator.verbose": True}):  # one more run, counted, not timed
                    crypten.reset_communication_stats()
                    lo = common.lo_bytes()
                    _, counted = timed(RUN[kind], v)
                    lo = common.lo_bytes() - lo
                    st = comm.get().get_communication_stats()
                total = gather_all([st["bytes"], st["time"]])
                online = []
                if a.online and first < 10:
                    for _ in range(a.runs):
                        provider.request_cache, provider.tuple_cache = [], {}
                        provider.trace(True)
                        timed(RUN[kind], v)
                        provider.trace(False)
                        provider.fill_cache()
                        online.append(timed(RUN[kind], v)[1])
                    provider.request_cache, provider.tuple_cache = [], {}
            if lock:
                lock.__exit__(None, None, None)
            got = [t.get_plain_text().numpy() for t in y]
            raw = [t.reveal().numpy().astype(float) / t.encoder.scale for t in y]
        except Exception as e:  # same on all parties
            if rank == 0:
                print(f"# {name} failed: {type(e).__name__}: {e}", file=sys.stderr, flush=True)
            if os.environ.get("PEERS_TRACE"):
                raise
            continue
        if rank == 0:
            err, scale = error(raw, want)
            base = dict(bytes_sent_total=int(total[:, 0].sum() / 2), rounds=int(st["rounds"]),
                        max_abs_err=err, max_abs_ref=scale,
                        max_abs_err_crypten_decode=error(got, want)[0], frac_bits=cfg.encoder.precision_bits,
                        threads_per_party=a.threads, lo_bytes=lo, transport="gloo, loopback TCP")
            extra = {} if times else {"note": f"one cold run of {first:.1f} s, not repeated (runs=0, or over {common.LIMIT:.0f} s)"}
            common.emit("crypten-0.4.1", name, "semi-honest additive, TFP triples", world, batch, times or [first],
                        a.out, online_only=False, seconds_in_comm_calls=round(float(total[0, 1]), 6),
                        seconds_of_that_run=round(counted, 6), **base, **extra)
            if online:
                common.emit("crypten-0.4.1", name, "semi-honest additive, TFP triples", world, batch, online, a.out,
                            online_only=True, **base)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--parties", type=int, default=2)
    p.add_argument("--threads", type=int, default=1, help="torch threads per party")
    p.add_argument("--runs", type=int, default=3, help="timed runs at least; 0: check outputs and count traffic only")
    p.add_argument("--only", default="w", help="workload names or their beginnings, comma separated")
    p.add_argument("--online", action="store_true", help="also time with triples made beforehand")
    p.add_argument("--out")
    a = p.parse_args()
    torch.set_num_threads(1)
    res = crypten.mpc.run_multiprocess(world_size=a.parties)(party)(a)
    sys.exit(0 if res is not None else 1)
