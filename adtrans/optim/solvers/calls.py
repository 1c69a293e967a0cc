"""How a solver asks for values: `problem` is an object with these methods in Python, addresses in compiled code."""


def evaluate(problem, x, g):
    """The value at x; its gradient goes into g."""
    return problem.evaluate(x, g)


def curve(problem, x, v, out):
    """The Hessian at x times v goes into out."""
    return problem.curve(x, v, out)


def residuals(problem, x, r):
    """The residuals at x go into r."""
    return problem.residuals(x, r)


def push(problem, x, v, out):
    """The Jacobian of the residuals at x times v goes into out."""
    return problem.push(x, v, out)


def pull(problem, x, w, out):
    """The transposed Jacobian at x times w goes into out."""
    return problem.pull(x, w, out)


def step(optimizer, table, values, hyper, numbers, counter):
    """One step of an optimizer, which changes the arrays that `table` has the addresses of."""
    return optimizer.step(table, values, hyper, numbers, counter)
