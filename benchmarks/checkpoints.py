"""Loops that keep all their values beside the same run again in parts: when parts are faster, and what they keep.

The command is `python benchmarks/checkpoints.py [--repeat N]`: value and gradient of Burgers' equation for some sizes
of the field and numbers of steps. Columns: what the loop keeps and what parts keep, in MB; times without and with
parts, which agree to 1e-12; what is chosen by itself (see `adtrans/sizing.py`).
"""

import argparse

from timing import Contender, alone, alternate

SIZES = ((4000, 60), (4000, 250), (4000, 500), (4000, 2000), (400, 5000), (400, 20000), (100_000, 40), (100_000, 160))


def main():
    alone()
    import burgers
    import numpy as np
    from tables import Table, seconds

    import adtrans

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=15)
    repeat = parser.parse_args().repeat
    table = Table(("points", "steps", "whole MB", "parts MB", "value", "whole", "parts", "ratio", "chosen"))
    table.print_header()
    forms = {"whole": adtrans.value_and_grad(burgers.burgers, checkpoint=False),
             "parts": adtrans.value_and_grad(burgers.burgers, checkpoint=True)}
    free = adtrans.value_and_grad(burgers.burgers)
    for points, steps in SIZES:
        args = tuple(burgers.arguments(points, steps).values())
        answers = {name: form(*args) for name, form in forms.items()}
        np.testing.assert_allclose(*(answer[1] for answer in answers.values()), rtol=1e-12, atol=1e-12)
        chosen = "parts" if "_snapshots" in free.inspect_source(*args) else "whole"
        runs = {"value": free.value, **forms}
        times = alternate({name: Contender(run, lambda args=args: args) for name, run in runs.items()}, 2.0, repeat)
        kept = [f"{form.memory(*args)['total'] / 1e6:.1f}" for form in forms.values()]
        readable = [seconds(times[name]) for name in ("value", "whole", "parts")]
        table.print_row((str(points), str(steps), *kept, *readable,
                         f"{times['parts'] / times['whole']:.2f}", chosen))


if __name__ == "__main__":
    main()
