"""What generated source runs on: CPython, or machine code made by Numba. Importing this imports neither."""
