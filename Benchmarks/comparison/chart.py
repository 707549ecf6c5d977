"""The times of three parties as bars on a logarithmic scale: SVG 1.1 without scripts, fonts or links."""
import math

from .results import TITLES

SERIES = [
    ("tacit", "Tacit, TLS", "#2563b0"),
    ("mp-spdz", "MP-SPDZ, TLS (recorded, not in this run)", "#9ca3af"),
    ("spu-aby3", "SPU ABY3, TCP", "#d97706"),
    ("crypten-3", "CrypTen, TCP", "#15803d"),
]
LEFT, WIDTH, BAR = 250, 560, 8
LOW, HIGH = 0.1, 10_000  # milliseconds


def place(milliseconds):
    share = math.log(min(max(milliseconds, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + WIDTH * share


def label(milliseconds):
    return f"{milliseconds:.2g}" if milliseconds < 10 else f"{milliseconds:,.0f}"


def svg(figures):
    top = 62 + 16 * len(SERIES)
    row = BAR * len(SERIES) + 14
    rows = [w for w in figures.workloads if figures("tacit", w)]
    height = top + row * len(rows) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 70} {height}" font-family="sans-serif" '
        'font-size="11" fill="#444">',
        f'<rect width="{LEFT + WIDTH + 70}" height="{height}" fill="#fff"/>',
        '<text x="24" y="26" font-size="16" fill="#111">Three parties: milliseconds from shares to shares, logarithmic</text>',
    ]
    for index, (_, title, colour) in enumerate(SERIES):
        y = 40 + 16 * index
        parts.append(f'<rect x="24" y="{y}" width="12" height="10" fill="{colour}"/><text x="42" y="{y + 9}">{title}</text>')
    tick = LOW
    while tick <= HIGH:
        x = place(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{top - 6}" x2="{x:.1f}" y2="{height - 14}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x:.1f}" y="{top - 10}" text-anchor="middle">{tick:g}</text>')
        tick *= 10
    for number, workload in enumerate(rows):
        y = top + row * number
        parts.append(f'<text x="{LEFT - 8}" y="{y + row / 2 - 4:.0f}" text-anchor="end">{TITLES[workload]}</text>')
        for index, (program, _, colour) in enumerate(SERIES):
            figure = figures(program, workload)
            if figure is None or figure.failed:
                continue
            x, bar = place(figure.milliseconds), y + BAR * index
            parts.append(f'<rect x="{LEFT}" y="{bar}" width="{x - LEFT:.1f}" height="{BAR - 1}" fill="{colour}"/>')
            parts.append(f'<text x="{x + 4:.1f}" y="{bar + 7}" font-size="8">{label(figure.milliseconds)}</text>')
    return "\n".join(parts) + "\n</svg>\n"
