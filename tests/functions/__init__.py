"""Every supported function in every form of its arguments, against NumPy itself in extended precision."""
