"""A ServerApp for Tacit workers and stock SuperNodes: plain FedAvg, whose arrays have the names and shapes of a Tacit model, and
FedAvg over masked sums of Tacit workers alone."""

import json
import os

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from .masked_fedavg import MaskedFedAvg

app = ServerApp()


def initial_arrays(config) -> ArrayRecord:
    """The arrays of a folder of NAME.npy, or those of dense layers of the given widths, drawn at random."""
    folder = str(config["initial"])
    if folder:
        names = sorted(name.removesuffix(".npy") for name in os.listdir(folder) if name.endswith(".npy"))
        return ArrayRecord({name: Array(np.load(f"{folder}/{name}.npy")) for name in names})
    widths = [int(width) for width in str(config["layers"]).split(",")]
    random = np.random.default_rng(5)
    arrays = {}
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:]), 1):
        bound = 1 / np.sqrt(inputs)
        arrays[f"dense{index}.weight"] = Array(random.uniform(-bound, bound, (inputs, outputs)).astype(np.float32))
        arrays[f"dense{index}.bias"] = Array(np.zeros(outputs, np.float32))
    return ArrayRecord(arrays)


@app.main()
def main(grid: Grid, context: Context) -> None:
    config = context.run_config
    nodes = int(config["nodes"])
    settings = {
        "lr": float(config["learning-rate"]),
        "local-epochs": int(config["local-epochs"]),
        "batch-size": int(config["batch-size"]),
    }
    if config["job"]:
        # Workers that were started without --job read the job from here, and hold it against their owners' policies.
        with open(str(config["job"]), encoding="utf-8") as file:
            settings["tacit-job"] = file.read()
    if config["masked"]:
        settings["tacit-most-rows"] = int(config["most-rows"])
    judges = 1.0 if config["evaluate"] else 0.0
    strategy = (MaskedFedAvg if config["masked"] else FedAvg)(
        fraction_train=1.0, fraction_evaluate=judges, min_train_nodes=nodes, min_evaluate_nodes=nodes if judges else 0,
        min_available_nodes=nodes,
    )
    result = strategy.start(
        grid=grid, initial_arrays=initial_arrays(config), num_rounds=int(config["rounds"]),
        train_config=ConfigRecord(dict(settings)), evaluate_config=ConfigRecord(dict(settings)), timeout=float(config["timeout"]),
    )
    folder = str(config["output"])
    if not folder:
        return
    os.makedirs(folder, exist_ok=True)
    for name, array in result.arrays.items():
        np.save(f"{folder}/{name}.npy", array.numpy())
    figures = {
        "train": {str(key): dict(value) for key, value in result.train_metrics_clientapp.items()},
        "evaluate": {str(key): dict(value) for key, value in result.evaluate_metrics_clientapp.items()},
    }
    # The figures come last and at once: whoever waits for them finds everything.
    with open(f"{folder}/.figures.json", "w", encoding="utf-8") as file:
        json.dump(figures, file)
    os.rename(f"{folder}/.figures.json", f"{folder}/figures.json")
