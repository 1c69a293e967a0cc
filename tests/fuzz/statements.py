"""How a body is filled with statements from the table.

In: a writer with a budget of statements. Out: lines.
"""


def statement(w):
    """One statement; deep inside, only flat ones."""
    from tests.fuzz.table import FLAT, TABLE

    table = FLAT if w.level > 4 else TABLE
    for _ in range(20):
        if w.choose(table)(w) is not False:
            return


def body(w, n):
    """Up to n statements, as far as the budget goes."""
    for _ in range(n):
        if w.budget <= 0:
            return
        w.budget -= 1
        statement(w)
