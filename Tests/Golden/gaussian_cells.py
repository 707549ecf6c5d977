"""Prints the tables of Sources/CKernels/gaussian.c: floor(2^128 P(Y <= i)) where P(Y = y) goes with exp(-y^2/8), y >= 0,
and floor(2^63 / k!). Made with mpmath 1.3.0: python3 Tests/Golden/gaussian_cells.py
"""
import mpmath as mp

mp.mp.dps = 80
weights = [mp.exp(-mp.mpf(y * y) / 8) for y in range(200)]
total = mp.fsum(weights)
words = [int(mp.floor(mp.fsum(weights[: i + 1]) / total * 2**128)) for i in range(27)]
for name, shift in (("high", 64), ("low", 0)):
    print(name, ", ".join(f"0x{(w >> shift) & (2**64 - 1):016x}" for w in words))
print("factorials", ", ".join(f"0x{2**63 // int(mp.factorial(k)):016x}" for k in range(15)))
print("log2e * 2^63", hex(int(mp.floor(2**63 / mp.log(2)))), "ln2 * 2^64", hex(int(mp.floor(2**64 * mp.log(2)))))
