"""Prints the tables and polynomials of Sources/CKernels/noise_avx512.c: reciprocals of the middles of sixteenths of [1, 2) (of 2
for the last, so that logarithms near 0 are relatively exact), minus their logarithms, and the polynomials with the least largest
relative error (Remez). Made with mpmath 1.3.0: python3 Tests/Golden/normal_polynomials.py
"""
from mpmath import cos, log, lu_solve, matrix, mp, mpf, nstr, pi, sin, sqrt

mp.prec = 200


def minimax(f, a, b, degree, points=2000):
    """Coefficients of the polynomial P with the least largest |1 - P/f| on [a, b], and that error."""
    n = degree + 2
    nodes = [(a + b) / 2 - (b - a) / 2 * cos(pi * i / (n - 1)) for i in range(n)]
    while True:
        system, values = matrix(n, n), matrix(n, 1)
        for i, x in enumerate(nodes):
            for j in range(degree + 1):
                system[i, j] = x**j
            system[i, degree + 1], values[i] = (-1) ** i * f(x), f(x)
        solution = lu_solve(system, values)
        coefficients = [solution[j] for j in range(degree + 1)]
        error = lambda x: 1 - sum(c * x**j for j, c in enumerate(coefficients)) / f(x)
        grid = [a + (b - a) * mpf(i) / points for i in range(points + 1)]
        extremes = []
        for x in grid:
            if extremes and (error(x) > 0) == (error(extremes[-1]) > 0):
                if abs(error(x)) > abs(error(extremes[-1])):
                    extremes[-1] = x
            else:
                extremes.append(x)
        if len(extremes) != n or extremes == nodes:
            return coefficients, max(abs(error(x)) for x in grid)
        nodes = extremes


middles = [mpf(2) if i == 15 else 1 + (i + mpf(1) / 2) / 16 for i in range(16)]
reciprocals = [float(1 / c) for c in middles]
print("reciprocals", ", ".join(r.hex() for r in reciprocals))
print("logarithms", ", ".join(float(-log(mpf(r))).hex() for r in reciprocals))
for name, f, a, b, degree in [
    ("log(1 + f) / f", lambda x: log(1 + x) / x if abs(x) > 1e-20 else 1 - x / 2, mpf(-1) / 32, mpf(1) / 32, 5),
    ("sin(t pi / 4) / t of t^2", lambda z: sin(pi / 4 * sqrt(z)) / sqrt(z) if z else pi / 4, mpf(0), mpf(1), 3),
    ("cos(t pi / 4) of t^2", lambda z: cos(pi / 4 * sqrt(z)), mpf(0), mpf(1), 4),
]:
    coefficients, error = minimax(f, a, b, degree)
    print(name, ", ".join(nstr(c, 17) for c in coefficients), "error 2^%s" % nstr(log(error, 2), 4))
