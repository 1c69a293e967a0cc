"""One step of an optimizer timed: adtrans, torch (fused), optax (jitted, buffers donated), NumPy, and a bandwidth loop.

The command is `python benchmarks/optimizer_step.py [--only NAME ...] [--sizes N ...] [--seconds S] [--clock
cpu]`, on one thread in float32. Rows are a rule with and without clipping by the global norm; columns are times, and

  bandwidth   the time of an in-place loop x[i] += c * y[i] (2 reads, 1 write) times the bytes that the step has to move
              over those of the loop: what it would take at that speed
  of it       bandwidth / adtrans: 1 is as fast as memory
  /torch ...  how many times as long the others take

Last, 20 leaves of 1 to 10,000 elements in one step; torch by its `foreach` there. All start from equal parameters, and
are compared after five steps: more than 1e-5 apart, the command fails.
"""

import argparse
import sys

from timing import CLOCKS, Contender, alone, alternate, ratio

TITLES = ("step", "n", "adtrans", "torch", "optax", "NumPy", "bandwidth", "of it", "/torch", "/optax", "/NumPy",
          "apart")
SIZES = (1_000, 100_000, 10_000_000)
CLIP = 1e-3
LEAVES = (1, 3, 10, 10, 32, 32, 64, 100, 100, 128, 256, 500, 784, 1000, 1000, 2048, 4000, 5000, 8192, 10000)
# Arrays read and written, a number an element: parameter and gradient and state in, parameter and state out.
MOVED = {"sgd": 5, "adam": 7, "adamw": 7, "lion": 5}


def ours(rule, clip):
    """Ours, by the name of a rule."""
    from adtrans import optim

    made = {"sgd": lambda: optim.sgd(1e-3, momentum=0.9), "adam": lambda: optim.adam(1e-3),
            "adamw": lambda: optim.adamw(1e-3), "lion": lambda: optim.lion(1e-4, weight_decay=1e-2)}[rule]()
    return optim.chain(optim.clip_by_global_norm(CLIP), made) if clip else made


def adtrans_contender(rule, clip, params, grads):
    optimizer = ours(rule, clip)
    params = tuple(x.copy() for x in params)
    given, grads = (params[0], grads[0]) if len(params) == 1 else (params, grads)
    state = optimizer.init(given)
    return Contender(lambda: optimizer.step(given, grads, state)), lambda: params


def torch_contender(rule, clip, params, grads):
    """torch's, fused for one leaf, foreach for many; None where it has no such rule."""
    try:
        import torch
    except ImportError:
        return None
    if rule == "lion":
        return None
    torch.set_num_threads(1)
    held = [torch.nn.Parameter(torch.tensor(x)) for x in params]
    for x, g in zip(held, grads):
        x.grad = torch.tensor(g)
    fast = {"fused": True} if len(params) == 1 else {"foreach": True}
    optimizer = {"sgd": lambda: torch.optim.SGD(held, 1e-3, 0.9, **fast),
                 "adam": lambda: torch.optim.Adam(held, 1e-3, **fast),
                 "adamw": lambda: torch.optim.AdamW(held, 1e-3, **fast)}[rule]()
    kept = [torch.tensor(g) for g in grads]

    def prepare():
        if clip:  # which scales gradients in place
            for x, g in zip(held, kept):
                x.grad.copy_(g)
        return ()

    def run():
        if clip:
            torch.nn.utils.clip_grad_norm_(held, CLIP)
        optimizer.step()

    return Contender(run, prepare), lambda: [x.detach().numpy() for x in held]


def optax_contender(rule, clip, params, grads):
    try:
        import jax
        import optax
    except ImportError:
        return None
    made = {"sgd": lambda: optax.sgd(1e-3, 0.9), "adam": lambda: optax.adam(1e-3),
            "adamw": lambda: optax.adamw(1e-3, weight_decay=1e-2),
            "lion": lambda: optax.lion(1e-4, weight_decay=1e-2)}[rule]()
    made = optax.chain(optax.clip_by_global_norm(CLIP), made) if clip else made

    def step(params, state, grads):
        change, state = made.update(grads, state, params)
        return optax.apply_updates(params, change), state

    compiled = jax.jit(step, donate_argnums=(0, 1))
    held = [tuple(map(jax.numpy.array, params))]
    held.append(made.init(held[0]))
    grads = tuple(map(jax.numpy.array, grads))

    def run():
        held[:] = compiled(held[0], held[1], grads)
        jax.block_until_ready(held)

    return Contender(run), lambda: held[0]


def numpy_contender(rule, clip, params, grads):
    """In place, with two buffers for what is in between."""
    import numpy as np

    params = [x.copy() for x in params]
    m, v = [np.zeros_like(x) for x in params], [np.zeros_like(x) for x in params]
    a, b = [np.zeros_like(x) for x in params], [np.zeros_like(x) for x in params]
    count = [0]

    def run():
        count[0] += 1
        t, factor = count[0], np.float32(1.0)
        if clip:
            norm = np.sqrt(sum(float(np.dot(g.ravel(), g.ravel())) for g in grads))
            factor = np.float32(min(1.0, CLIP / norm))
        for x, g, m_, v_, a_, b_ in zip(params, grads, m, v, a, b):
            if clip:
                g = np.multiply(g, factor, out=b_)
            numpy_step(rule, x, g, m_, v_, a_, b_, t)

    return Contender(run), lambda: params


def numpy_step(rule, x, g, m, v, a, b, t):
    import numpy as np

    if rule == "sgd":
        m *= np.float32(0.9)
        m += g
        np.multiply(m, np.float32(1e-3), out=a)
        x -= a
        return
    b1, b2 = (0.9, 0.99) if rule == "lion" else (0.9, 0.999)
    if rule == "lion":
        np.multiply(m, np.float32(b1), out=a)
        a += np.float32(1 - b1) * g
        np.sign(a, out=a)
        m *= np.float32(b2)
        m += np.float32(1 - b2) * g
        a += np.float32(1e-2) * x
        a *= np.float32(1e-4)
        x -= a
        return
    m *= np.float32(b1)
    m += np.multiply(g, np.float32(1 - b1), out=a)
    v *= np.float32(b2)
    np.multiply(g, g, out=a)
    a *= np.float32(1 - b2)
    v += a
    np.divide(v, np.float32(1 - b2**t), out=a)
    np.sqrt(a, out=a)
    a += np.float32(1e-8)
    np.divide(m, a, out=a)
    a *= np.float32(1 / (1 - b1**t))
    if rule == "adamw":
        a += np.float32(1e-2) * x
    a *= np.float32(1e-3)
    x -= a


def bandwidth_contender(n):
    """x[i] += c * y[i], compiled by Numba: 12 bytes an element."""
    import numba
    import numpy as np

    @numba.njit(fastmath=True)
    def add(x, y, c):
        for i in range(x.shape[0]):
            x[i] += c * y[i]

    block = np.ones(2 * n + 300, np.float32)  # memory that was never written to would be one page of zeros
    x, y, c = block[:n], block[n + 300:], np.float32(1e-3)  # apart modulo 4096 bytes, which is faster
    add(x, y, c)
    return Contender(lambda: add(x, y, c))


def measure(rule, clip, sizes, seconds, clock):
    """Times by column, how far the others are after five steps."""
    import numpy as np

    rng = np.random.default_rng(0)
    params = tuple(rng.normal(size=n).astype(np.float32) for n in sizes)
    grads = tuple(rng.normal(size=n).astype(np.float32) for n in sizes)
    makers = {"adtrans": adtrans_contender, "torch": torch_contender, "optax": optax_contender,
              "NumPy": numpy_contender}
    made = {name: make(rule, clip, params, grads) for name, make in makers.items()}
    made = {name: pair for name, pair in made.items() if pair is not None}
    for contender, _ in made.values():
        for _ in range(5):
            contender.run(*contender.prepare())
    mine = made["adtrans"][1]()
    apart = max((float(np.max(np.abs(np.asarray(x) - y))) for name, pair in made.items() if name != "adtrans"
                 for x, y in zip(pair[1](), mine)), default=0.0)
    contenders = {name: pair[0] for name, pair in made.items()}
    contenders["bandwidth"] = bandwidth_contender(sum(sizes))
    times = alternate(contenders, seconds, 20000, least=10, clock=clock)
    times["bandwidth"] *= (MOVED[rule] + clip) / 3
    return times, apart


def row(rule, clip, sizes, seconds, clock, table):
    from tables import seconds as readable
    from tables import times as plain

    times, apart = measure(rule, clip, sizes, seconds, clock)
    get = times.get
    n = f"{sizes[0]:.0e}" if len(sizes) == 1 else f"{len(sizes)} leaves"
    table.print_row((f"{rule}{' clipped' if clip else ''}", n,
                     *[readable(get(name)) for name in TITLES[2:7]], plain(ratio(get("bandwidth"), get("adtrans"))),
                     *[plain(ratio(get(name), get("adtrans"))) for name in TITLES[3:6]], f"{apart:.0e}"))
    return apart <= 1e-5


def main():
    alone()
    from tables import Table

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(MOVED), metavar="NAME")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--seconds", type=float, default=1.0, help="spent at most on each contender")
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="what is timed: see timing.py")
    options = parser.parse_args()
    table, failed = Table(TITLES), []
    table.print_header()
    rules = options.only or list(MOVED)
    for n in options.sizes:
        for rule in rules:
            for clip in (False, True):
                if not row(rule, clip, (n,), options.seconds, options.clock, table):
                    failed.append(f"{rule} {n}")
    for rule in rules:
        for clip in (False, True):
            if not row(rule, clip, LEAVES, options.seconds, options.clock, table):
                failed.append(f"{rule} leaves")
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
