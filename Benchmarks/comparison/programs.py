"""What is run: ourselves and each peer, as commands that print one JSON line a workload."""
import os

# Names as the tables have them, and what `tacit bench` needs to be told.
ROUNDS = ["--optimise", "rounds"]
OURS = {"tacit": ["--transport", "tls"]}
# Measured in the first round alone.
VARIANTS = {
    "tacit-tcp": ["--transport", "tcp"],
    "tacit-memory": ["--transport", "memory"],
    "tacit-rounds": ["--transport", "tls", *ROUNDS],
}
TWO = {"tacit-2": ["--transport", "tls", "--engine", "additive", "--parties", "2"]}
LAN = ["--transport", "tls", "--rtt", "10ms", "--bandwidth", "1Gbps"]
WAN = ["--transport", "tls", "--rtt", "60ms", "--bandwidth", "100Mbps"]
SIMULATED = {"tacit-lan": LAN, "tacit-lan-rounds": LAN + ROUNDS, "tacit-wan": WAN, "tacit-wan-rounds": WAN + ROUNDS}
# Round-trip seconds and bits a second of the simulated networks.
NETWORKS = {
    "tacit-lan": (0.010, 1e9), "tacit-lan-rounds": (0.010, 1e9),
    "tacit-wan": (0.060, 1e8), "tacit-wan-rounds": (0.060, 1e8),
}
# Workloads that only we and the recorded figures of MP-SPDZ have.
OURS_ONLY = ["w3_mlp_credit_logit_b1", "w3_mlp_credit_logit_b690"]


def ours(tacit, options, workloads):
    return [tacit, "bench", "--json", "--seconds", "0.6"] + options + [x for w in workloads for x in ("--workload", w)]


def peers(cache, folder, runs):
    """name -> function of workloads giving the command."""
    def command(environment, script, *options):
        python = os.path.join(cache, environment, "bin", "python")
        return lambda workloads: [python, os.path.join(folder, script), *options, "--runs", str(runs), "--only",
                                  ",".join(workloads)]
    return {
        "crypten-3": command("crypten", "crypten_bench.py", "--parties", "3"),
        "spu-aby3": command("spu", "spu_bench.py", "--protocol", "aby3"),
        "crypten-2": command("crypten", "crypten_bench.py", "--parties", "2", "--online"),
    }
