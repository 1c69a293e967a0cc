# ruff: noqa
"""Wrong ranks and shapes that are known before anything runs."""

import numpy as np


def bad_two_indices_into_a_vector(x):
    return x[0, 0]  #! IndexError: too many indices


def bad_three_indices_into_a_matrix(a):
    return a[0, 0, 0]  #! IndexError: too many indices


def bad_repeated_indices_into_a_vector(x):
    return x[0][0]  #! TypeError|IndexError: scalar


def bad_two_indices_in_an_assignment(x):
    x[0, 1] = 2.0  #! IndexError: too many indices
    return np.sum(x)


def bad_slices_into_a_vector(x):
    return np.sum(x[:, 0])  #! IndexError: too many indices


def bad_two_ellipses(a):
    return np.sum(a[..., ...])  #! IndexError: ellipsis


def bad_ellipsis_with_too_many_indices(a):
    return a[..., 0, 0, 0]  #! IndexError: too many indices


def bad_axis_of_a_vector(x):
    return np.sum(np.sum(x, axis=1))  #! ValueError: axis 1


def bad_axis_of_a_matrix(a):
    return np.sum(np.mean(a, axis=2))  #! ValueError: axis 2


def bad_negative_axis(a):
    return np.sum(a.max(axis=-3))  #! ValueError: axis -3


def bad_float_axis(a):
    return np.sum(np.sum(a, axis=0.5))  #! TypeError|UnsupportedError: axis


def bad_axis_chosen_by_data(a, n):
    total = 0.0
    for i in range(n):
        total += np.sum(np.sum(a, axis=i)[0])  #! UnsupportedError: axis
    return total


def bad_sum_of_different_literal_shapes(x):
    return x[0] * np.sum(np.array([1.0, 2.0, 3.0]) + np.array([1.0, 2.0]))  #! ValueError: broadcast


def bad_product_of_different_zeros(x):
    return x[0] * np.sum(np.zeros(3) * np.ones(4))  #! ValueError: broadcast


def bad_reshape_of_the_wrong_size(x):
    return x[0] * np.sum(np.zeros(6).reshape(4, 2))  #! ValueError: reshape


def bad_reshape_with_two_unknowns(a):
    return np.sum(a.reshape(-1, -1))  #! ValueError: one unknown


def bad_reshape_to_a_float(a):
    return np.sum(a.reshape(2.0, 8))  #! TypeError: integer


def bad_reshape_to_a_shape_of_unknown_rank(a, idx):
    return np.sum(a.reshape(idx))  #! TypeError|UnsupportedError: shape


def bad_concatenation_of_different_ranks(x, a):
    return np.sum(np.concatenate([x, a]))  #! ValueError: dimension


def bad_concatenation_of_scalars(s, t):
    return np.sum(np.concatenate([s, t]))  #! ValueError: zero-dimensional


def bad_concatenation_along_a_missing_axis(x, y):
    return np.sum(np.concatenate([x, y], axis=1))  #! ValueError: axis 1


def bad_concatenation_of_nothing(x):
    return x[0] * np.sum(np.concatenate([]))  #! ValueError: concatenate


def bad_stack_of_different_ranks(x, a):
    return np.sum(np.stack([x, a]))  #! ValueError: shape


def bad_transpose_with_too_many_axes(a):
    return np.sum(np.transpose(a, (0, 1, 2)))  #! ValueError: axes


def bad_transpose_with_a_repeated_axis(a):
    return np.sum(a.transpose(0, 0))  #! ValueError: ax


def bad_unpacking_too_few(p):
    u, v, w = p  #! ValueError: unpack
    return u * v * w


def bad_unpacking_too_many(s):
    u, v = (s, s, s)  #! ValueError: unpack
    return u * v


def bad_unpacking_a_scalar(s):
    u, v = s  #! TypeError: unpack
    return u * v


def bad_unpacking_a_function_result(s):
    def one(v):
        return v
    u, v = one(s)  #! TypeError: unpack
    return u * v


def bad_tuple_index_out_of_range(p):
    return p[5]  #! IndexError: out of range


def bad_list_index_out_of_range(s):
    values = [s, s * s]
    return values[2]  #! IndexError: out of range


def bad_shape_index_out_of_range(x):
    return np.sum(x) * x.shape[1]  #! IndexError: out of range


def bad_unpacking_of_a_shape(x):
    n, m = x.shape  #! ValueError: unpack
    return np.sum(x) * n


def bad_rank_that_grows_in_a_loop(x, n):
    y = x
    for i in range(n):
        y = y[None]  #! UnsupportedError: y
    return np.sum(y)


def bad_rank_that_shrinks_in_a_loop(a, n):
    y = a
    for i in range(n):
        y = y[0]  #! UnsupportedError|IndexError: y
    return np.sum(y)


def bad_vector_assigned_to_an_element(x, y):
    x[0] = y  #! ValueError|TypeError: sequence
    return np.sum(x)


def bad_matrix_assigned_to_a_vector(x, a):
    x[:] = a  #! ValueError: broadcast
    return np.sum(x)


def bad_literal_index_beyond_a_literal_array(s):
    v = np.array([s, 1.0])
    return v[2]  #! IndexError: out of bounds


def bad_zeros_of_negative_size(x):
    return x[0] + np.sum(np.zeros(-1))  #! ValueError: negative


def bad_zeros_of_a_float_size(x, s):
    return x[0] + np.sum(np.zeros(s))  #! TypeError: integer


def bad_outer_into_a_vector(x, y):
    out = np.zeros(5)
    out[:] = np.outer(x, y)  #! ValueError: broadcast
    return np.sum(out)


def bad_item_of_a_long_literal(s):
    return np.array([s, s]).item()  #! ValueError|TypeError: size
