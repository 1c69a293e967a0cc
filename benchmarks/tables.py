"""Tables and charts of timings: rows in, lines of text out.

    table = Table(("program", "gradient", "ratio"))
    table.print_header()
    table.print_row(("lu", seconds(3e-4), times(2.1)))
"""

from timing import geometric_mean

FIRST, OTHERS = 16, 11


class Table:
    """Columns of text of one width."""

    def __init__(self, titles, first=FIRST):
        self.titles, self.first = titles, first

    def print_header(self):
        self.print_row(self.titles)

    def print_row(self, cells):
        print(cells[0].ljust(self.first) + "".join(cell.rjust(OTHERS) for cell in cells[1:]), flush=True)


def seconds(value):
    """A duration with three digits and a unit, '-' for none."""
    if value is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def times(value):
    """A ratio with three digits, '-' for none."""
    return "-" if value is None or value != value else f"{value:.3g}"


def print_means(rows, ratios, groups):
    """Geometric means of ratios, by group and of all: `rows` are pairs of a group and a dict of ratios."""
    table = Table(("geometric mean", *ratios))
    print()
    table.print_header()
    for group in (*groups, "all"):
        found = [row for name, row in rows if group in (name, "all")]
        if found:
            table.print_row((group, *[times(geometric_mean([row[key] for row in found])) for key in ratios]))


def plot(path, names, series, title):
    """Bars of ratios, one series for each denominator, on a logarithmic axis; matplotlib is needed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(max(6.0, 0.55 * len(names)), 4.0))
    width = 0.8 / max(len(series), 1)
    for k, (label, values) in enumerate(series.items()):
        places = [at + k * width for at, value in enumerate(values) if value is not None]
        axes.bar(places, [value for value in values if value is not None], width, label=label)
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(names))], names, rotation=60, ha="right")
    axes.set_ylabel("ratio of times")
    axes.set_title(title)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=150)
