"""The solvers: plain numeric Python, run by CPython or compiled, in the same form for all of them.

A solver works on arrays alone and takes steps until it is done or has taken as many as it may:

    status = bfgs(problem, x, g, memory, now, counts, limits, steps, trace)

`problem` is what the functions in `calls` evaluate. The others are described in `state`: the point, its gradient, what
a method remembers between steps, the value and other numbers, counts, tolerances and the record. All are changed in
place, so that a solver goes on where it has stopped.
"""
