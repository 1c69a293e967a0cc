"""Small functions, one construct each, and beside each the gradient source that is expected of it."""
