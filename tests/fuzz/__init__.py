"""Random programs in the accepted language, judged by dual numbers.

`generator.generate(seed, size)` writes a program; `judge` compares a gradient with the oracle of
`tests.duals`; `python -m tests.fuzz.campaign` does that many times; `shrink` makes a failing program small.
"""
