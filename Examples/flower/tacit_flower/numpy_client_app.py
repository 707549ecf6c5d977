"""The same as client_app.py in NumPy, for SuperNodes where PyTorch cannot be had.

Its rows are x.npy, y.npy (one-hot), test_x.npy and test_y.npy in the folder that --node-config names: data="FOLDER".
"""

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


def rows(context: Context, prefix: str = ""):
    folder = str(context.node_config["data"])
    return np.load(f"{folder}/{prefix}x.npy"), np.load(f"{folder}/{prefix}y.npy")


def forward(weights, x):
    """The inputs of all layers, and the probabilities."""
    inputs = [x]
    count = len(weights) // 2
    for index in range(1, count + 1):
        z = inputs[-1] @ weights[f"dense{index}.weight"] + weights[f"dense{index}.bias"]
        if index == count:
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return inputs, e / e.sum(axis=1, keepdims=True)
        inputs.append(np.maximum(z, 0))


def loss(probabilities, y):
    return float(-np.log(np.maximum((probabilities * y).sum(axis=1), 1e-7)).mean())


def step(weights, x, y, rate):
    inputs, probabilities = forward(weights, x)
    delta = (probabilities - y) / len(y)
    for index in range(len(inputs), 0, -1):
        value = inputs[index - 1]
        back = (delta @ weights[f"dense{index}.weight"].T) * (value > 0)
        weights[f"dense{index}.weight"] -= rate * (value.T @ delta)
        weights[f"dense{index}.bias"] -= rate * delta.sum(axis=0)
        delta = back
    return loss(probabilities, y)


@app.train()
def train(message: Message, context: Context) -> Message:
    weights = {name: np.array(array.numpy()) for name, array in message.content["arrays"].items()}
    config = message.content["config"]
    x, y = rows(context)
    batch, random, losses = int(config["batch-size"]), np.random.default_rng(int(config["server-round"])), []
    for _ in range(int(config["local-epochs"])):
        order = random.permutation(len(x))
        for start in range(0, len(x), batch):
            part = order[start:start + batch]
            losses.append(step(weights, x[part], y[part], np.float32(config["lr"])))
    content = RecordDict({
        "arrays": ArrayRecord({name: Array(value.astype(np.float32)) for name, value in weights.items()}),
        "metrics": MetricRecord({"num-examples": len(x), "loss": float(np.mean(losses))}),
    })
    return Message(content=content, reply_to=message)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    weights = {name: array.numpy() for name, array in message.content["arrays"].items()}
    x, y = rows(context, "test_")
    probabilities = forward(weights, x)[1]
    right = float((probabilities.argmax(axis=1) == y.argmax(axis=1)).mean())
    metrics = MetricRecord({"num-examples": len(x), "loss": loss(probabilities, y), "accuracy": right})
    return Message(content=RecordDict({"metrics": metrics}), reply_to=message)
