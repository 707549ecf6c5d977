"""Reference of the adaptive servers (Reddi et al., ICLR 2021, algorithm 2) in double precision; prints AdaptiveGolden.swift's numbers.

Made with numpy 2.4.6: python3 Tests/Golden/adaptive.py
"""
import numpy as np

rounds = [[[0.5, -1.0, 0.02, 0.0], [1.5, 3.0, -0.01, 0.001]], [[-0.4, 0.25, 0.05, 0.002], [0.8, -0.5, 0.0, -0.01]]]
weights = np.array([30.0, 10.0])
eta, b1, b2, tau = 0.1, 0.9, 0.99, 0.01
for kind in ["adagrad", "yogi", "adam"]:
    x = np.array([1.0, -2.0, 0.5, 0.0])
    m, v = np.zeros(4), np.full(4, tau**2)
    for updates in rounds:
        d = np.average(np.array(updates), axis=0, weights=weights)
        m = b1 * m + (1 - b1) * d
        if kind == "adagrad":
            v = v + d**2
        elif kind == "yogi":
            v = v - (1 - b2) * d**2 * np.sign(v - d**2)
        else:
            v = b2 * v + (1 - b2) * d**2
        x = x + eta * m / (np.sqrt(v) + tau)
    print(kind, x.tolist())
