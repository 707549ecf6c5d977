"""SecretFlow SPU benchmark: one process per party, brpc links over loopback TCP (not the in-process simulator).

  python spu_bench.py --protocol aby3 --out results.jsonl      (aby3: 3 parties, semi2k: 2)
This process compiles, makes the input shares, and reconstructs the outputs; the parties only execute. Timed: from
secret-shared inputs to secret-shared outputs, the slowest party counts; compiling, sharing, revealing are outside.
online_only=false: SEMI2K's triples come from its default trusted-first-party beaver inside the timed part; ABY3
needs none. Bytes and send actions are SPU's own link counters, from one extra profiled run.
"""
import argparse, multiprocessing as mp, os, re, socket, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import common
from workloads import LR_BOSTON, LR_MNIST, error, selected

PARTIES = {"aby3": 3, "semi2k": 2}


def config(a, profile=False):
    import spu
    c = spu.RuntimeConfig(protocol=spu.parse_protocol_kind(a.protocol.upper()), field=spu.parse_field_type(a.field))
    c.max_concurrency = a.threads
    c.enable_pphlo_profile = profile
    c.enable_hal_profile = profile
    return c


def party(rank, ports, a, pipe, log):
    os.environ["OMP_NUM_THREADS"] = str(a.omp)
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)  # SPU's profile comes as log lines on stdout/stderr
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    import spu
    desc = spu.link.Desc()
    desc.recv_timeout_ms = 600 * 1000
    desc.http_max_payload_size = 32 * 1024 * 1024
    for i, port in enumerate(ports):
        desc.add_party(f"p{i}", f"127.0.0.1:{port}")
    link = spu.link.create_brpc(desc, rank)
    while True:
        what, *arg = pipe.recv()
        try:
            if what == "load":
                code, names, shares, outs = arg
                exe = spu.Executable(name="f", input_names=names, output_names=outs, code=code)
                rts = {p: spu.Runtime(link.spawn(), config(a, p)) for p in (False, True)}
                for rt in rts.values():
                    for n, s in zip(names, shares):
                        rt.set_var(n, s)
                pipe.send(None)
            elif what == "run":
                link.barrier()
                t = time.perf_counter()
                rts[arg[0]].run(exe)
                pipe.send(time.perf_counter() - t)
            elif what == "out":
                pipe.send([rts[False].get_var(o) for o in exe.output_names])
            else:
                link.barrier()
                link.stop_link()
                return
        except Exception as e:
            pipe.send(e if isinstance(e, RuntimeError) else RuntimeError(repr(e)))


def functions(reduce_window):
    import jax, jax.numpy as jnp
    from jax import lax

    def mlp(v):
        h = v["x"]
        for i in range(3):
            h = h @ v[f"w{i}"] + v[f"b{i}"]
            h = jax.nn.relu(h) if i < 2 else h
        return h

    def pool(h):
        if reduce_window:  # what flax's avg_pool makes; in SPU much slower than sums of slices
            return lax.reduce_window(h, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") * 0.25
        n, y, x, c = h.shape[0], h.shape[1] // 2 * 2, h.shape[2] // 2 * 2, h.shape[3]
        part = lambda i, j: lax.slice(h, (0, i, j, 0), (n, y, x, c), (1, 2, 2, 1))  # h[:, i:y:2] becomes a slow gather
        return (part(0, 0) + part(0, 1) + part(1, 0) + part(1, 1)) * 0.25

    def cnn(v):
        h = v["x"]
        for i in range(3):
            h = lax.conv_general_dilated(h, v[f"w{i}"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            h = jax.nn.relu(pool(h + v[f"b{i}"]))
        return h.reshape(h.shape[0], -1) @ v["w3"] + v["b3"]

    def train(v, ce):
        p = {f"{c}{i}": v[f"{c}{i}"] for i in range(3) for c in "wb"}  # the reference's order
        out, back = jax.vjp(lambda q: mlp({"x": v["x"], **q}), p)
        b = out.shape[0]
        g = (jax.nn.softmax(out, axis=1) - v["y"]) * (1 / b) if ce else (out - v["y"]) * (2 / b)
        grads, lr = back(g)[0], LR_MNIST if ce else LR_BOSTON
        return [v[k] - lr * grads[k] for k in p]

    return {
        "matmul": lambda v: [v["a"] @ v["b"]], "relu": lambda v: [jax.nn.relu(v["x"])],
        "less": lambda v: [v["x"] < v["y"]], "mlp": lambda v: [mlp(v)], "cnn": lambda v: [cnn(v)],
        "mlp_sigmoid": lambda v: [jax.nn.sigmoid(mlp(v))],
        "train_ce": lambda v: train(v, True), "train_mse": lambda v: train(v, False),
        "softmax": lambda v: [jax.nn.softmax(v["x"], axis=1)],
        "argmax": lambda v: [jnp.argmax(v["x"], axis=1)], "max": lambda v: [jnp.max(v["x"], axis=1)],
    }


def profile(logs, offsets):
    """Sum of SPU's link counters over the parties, and party 0's three costliest tensor operations."""
    sent = actions = 0
    top = []
    for i, (log, off) in enumerate(zip(logs, offsets)):
        with open(log) as f:
            f.seek(off)
            text = f.read()
        m = re.findall(r"Link details: total send bytes (\d+), .*?send actions (\d+)", text)[-1]
        sent += int(m[0])
        actions = max(actions, int(m[1]))
        if i == 0:
            ops = re.findall(r"- (pphlo\.\w+(?:: [\w.]+)?), executed (\d+) times, duration ([\d.e-]+)s", text)
            top = [f"{o} x{n} {float(d):.4f}s" for o, n, d in sorted(ops, key=lambda t: -float(t[2]))[:3]]
    return sent, actions, top


def main(a):
    world = PARTIES[a.protocol]
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(world)]
    ports = [s.getsockname()[1] for s in socks]
    for s in socks:
        s.close()
    ctx, tmp = mp.get_context("spawn"), tempfile.mkdtemp()
    logs = [os.path.join(tmp, f"p{i}.log") for i in range(world)]
    pipes, procs = [], []
    for i in range(world):
        mine, theirs = ctx.Pipe()
        procs.append(ctx.Process(target=party, args=(i, ports, a, theirs, logs[i]), daemon=True))
        procs[-1].start()
        pipes.append(mine)

    def ask(*per_party):
        for i, q in enumerate(pipes):
            q.send(per_party[i] if len(per_party) > 1 else per_party[0])
        got = []
        for q in pipes:
            while not q.poll(1):
                if not all(p.is_alive() for p in procs):
                    raise SystemExit(f"a party ended; logs in {tmp}")
            got.append(q.recv())
        for g in got:
            if isinstance(g, Exception):
                raise g
        return got

    import jax, numpy as np, spu
    from spu.utils import frontend
    io, secret, fns = spu.Io(world, config(a)), spu.Visibility.VIS_SECRET, functions(a.reduce_window)
    for name, (kind, batch, make) in selected(a.only).items():
        v, want = make()
        if kind == "cnn":  # SPU's layout
            v = {k: x.transpose(0, 2, 3, 1) if k == "x" else x.transpose(2, 3, 1, 0) if x.ndim == 4 else x
                 for k, x in v.items()}
        try:
            flat, keys = jax.tree_util.tree_flatten(v)
            names = [f"in{i}" for i in range(len(flat))]
            t = time.perf_counter()
            def f(*xs):
                return fns[kind](jax.tree_util.tree_unflatten(keys, xs))
            exe, _ = frontend.compile(frontend.Kind.JAX, f, flat, {}, names, [secret] * len(flat),
                                      lambda o: [f"out{i}" for i in range(len(o))], copts=spu.CompilerOptions())
            compile_s = time.perf_counter() - t
            shares = [io.make_shares(np.ascontiguousarray(x), secret) for x in flat]
            ask(*[("load", exe.code, names, [s[i] for s in shares], exe.output_names) for i in range(world)])
            with common.cpu_lock():
                first = max(ask(("run", False)))
                times = [max(ask(("run", False))) for _ in range(common.repeats(first, a.runs))]
                offs, lo = [os.path.getsize(p) if os.path.exists(p) else 0 for p in logs], common.lo_bytes()
                profiled = max(ask(("run", True)))
                lo = common.lo_bytes() - lo
            outs = ask(("out",))
            got = [io.reconstruct([o[i] for o in outs]) for i in range(len(want))]
        except RuntimeError as e:
            print(f"# {name} failed: {str(e)[:300]}", file=sys.stderr, flush=True)
            continue
        time.sleep(0.2)  # let the log reach the file
        sent, actions, top = profile(logs, offs)
        err, scale = error(got, want)
        if kind == "cnn":
            top.append("pool by " + ("reduce_window" if a.reduce_window else "slices"))
        extra = {} if times else {"note": f"one cold run of {first:.1f} s, not repeated (runs=0, or over {common.LIMIT:.0f} s)"}
        common.emit("spu-0.9.5", name, f"{a.protocol.upper()} {a.field}", world, batch, times or [first], a.out,
                    online_only=False, bytes_sent_total=sent, rounds=actions, rounds_are="send actions, busiest party",
                    max_abs_err=err, max_abs_ref=scale, frac_bits=18 if a.field == "FM64" else None,
                    threads_per_party=a.threads or "default", omp_per_party=a.omp, lo_bytes=lo, transport="brpc, loopback TCP",
                    compile_seconds=round(compile_s, 3), top_ops=top, seconds_of_profiled_run=round(profiled, 6), **extra)
    for q in pipes:
        q.send(("stop",))
    for p in procs:
        p.join(10)


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--protocol", choices=PARTIES, default="aby3")
    p.add_argument("--field", default="FM64")
    p.add_argument("--threads", type=int, default=0, help="SPU max_concurrency; 0: its default (all cores)")
    p.add_argument("--omp", type=int, default=1, help="OpenMP threads per party (SPU's matmuls); 1: no oversubscription")
    p.add_argument("--runs", type=int, default=3, help="timed runs at least; 0: check outputs and count traffic only")
    p.add_argument("--only", default="w", help="workload names or their beginnings, comma separated")
    p.add_argument("--reduce-window", action="store_true", help="w5: pool by lax.reduce_window instead of slices")
    p.add_argument("--out")
    main(p.parse_args())
