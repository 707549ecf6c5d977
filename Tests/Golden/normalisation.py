"""Vectors of Tests/LearningTests/NormalisationTests.swift: small networks with each normalisation, three steps of SGD.

Made with Python 3 and PyTorch; run it and paste what it prints. Numbers come from sines, so that both sides have them.
"""

import math
import sys

import torch
from torch import nn

torch.set_default_dtype(torch.float64)


def wave(count, phase, size):
    return torch.tensor([size * math.sin(1.3 * i + phase) for i in range(count)])


def fill(module, phase):
    for k, parameter in enumerate([module.weight, module.bias]):
        values = wave(parameter.numel(), phase + k, 0.5)
        if isinstance(module, nn.Linear) and k == 0:
            values = values.reshape(parameter.shape[1], parameter.shape[0]).T
        elif not isinstance(module, (nn.Linear, nn.Conv2d)) and k == 0:
            values = 1 + values
        parameter.data.copy_(values.reshape(parameter.shape))


def run(name, inputs, layers):
    norm = layers[1]
    for place, module in enumerate(m for m in layers if hasattr(m, "weight")):
        fill(module, 2 * place)
    net = nn.Sequential(*layers)
    x, y = wave(8 * math.prod(inputs), 0.5, 1.5).reshape(8, *inputs), wave(16, 0.25, 1).reshape(8, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    statistics = [norm.running_mean, norm.running_var] if hasattr(norm, "running_mean") else []
    print(name)
    for label, values in [("losses", losses), ("weight", norm.weight), ("bias", norm.bias),
                          *zip(["mean", "variance"], statistics), ("outputs", net(x)[:2].flatten())]:
        print(f"  {label}: [" + ", ".join(f"{float(v.detach() if hasattr(v, "detach") else v):.7g}" for v in values) + "],")


def dense(norm):
    return [nn.Linear(3, 6), norm, nn.GELU(), nn.Linear(6, 2)]


def images(norm):
    return [nn.Conv2d(2, 4, 3), norm, nn.GELU(), nn.Flatten(), nn.Linear(36, 2)]


print(torch.__version__, sys.version.split()[0])
run("batchNorm, features", [3], dense(nn.BatchNorm1d(6)))
run("layerNorm, features", [3], dense(nn.LayerNorm(6)))
run("groupNorm, features", [3], dense(nn.GroupNorm(2, 6)))
run("batchNorm, images", [2, 5, 5], images(nn.BatchNorm2d(4)))
run("layerNorm, images", [2, 5, 5], images(nn.GroupNorm(1, 4)))
run("groupNorm, images", [2, 5, 5], images(nn.GroupNorm(2, 4)))
