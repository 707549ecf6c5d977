"""The ClientApp of a stock SuperNode that learns beside Tacit workers: dense layers with relu between them and softmax, in PyTorch.

Its rows are x.npy, y.npy (one-hot), test_x.npy and test_y.npy in the folder that --node-config names: data="FOLDER".
"""

import numpy as np
import torch
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

app = ClientApp()


def rows(context: Context, prefix: str = "") -> TensorDataset:
    folder = str(context.node_config["data"])
    x, y = np.load(f"{folder}/{prefix}x.npy"), np.load(f"{folder}/{prefix}y.npy")
    return TensorDataset(torch.from_numpy(x).float(), torch.from_numpy(y).argmax(dim=1))


def model(arrays: ArrayRecord) -> nn.Sequential:
    """The model of a message's arrays: Tacit's dense weights are inputs × outputs, a Linear keeps the transpose."""
    layers = []
    for index in range(1, len(arrays) // 2 + 1):
        weight = torch.tensor(arrays[f"dense{index}.weight"].numpy())
        linear = nn.Linear(*weight.shape)
        linear.load_state_dict({"weight": weight.T, "bias": torch.tensor(arrays[f"dense{index}.bias"].numpy())})
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def arrays(net: nn.Sequential) -> ArrayRecord:
    values = {}
    for index, linear in enumerate((layer for layer in net if isinstance(layer, nn.Linear)), 1):
        values[f"dense{index}.weight"] = Array(np.ascontiguousarray(linear.weight.detach().numpy().T))
        values[f"dense{index}.bias"] = Array(linear.bias.detach().numpy())
    return ArrayRecord(values)


@app.train()
def train(message: Message, context: Context) -> Message:
    config, net, data = message.content["config"], model(message.content["arrays"]), rows(context)
    order = torch.Generator().manual_seed(int(config["server-round"]))
    batches = DataLoader(data, batch_size=int(config["batch-size"]), shuffle=True, generator=order)
    optimizer, loss_of, losses = torch.optim.SGD(net.parameters(), lr=float(config["lr"])), nn.CrossEntropyLoss(), []
    for _ in range(int(config["local-epochs"])):
        for x, y in batches:
            optimizer.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    metrics = MetricRecord({"num-examples": len(data), "loss": float(np.mean(losses))})
    return Message(content=RecordDict({"arrays": arrays(net), "metrics": metrics}), reply_to=message)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    net, (x, y) = model(message.content["arrays"]), rows(context, "test_").tensors
    with torch.no_grad():
        outputs = net(x)
    metrics = MetricRecord({
        "num-examples": len(x),
        "loss": nn.functional.cross_entropy(outputs, y).item(),
        "accuracy": (outputs.argmax(dim=1) == y).float().mean().item(),
    })
    return Message(content=RecordDict({"metrics": metrics}), reply_to=message)
