# ruff: noqa
"""NumPy and SciPy functions, methods and attributes that cannot be differentiated or do not exist."""

import math

import numpy as np
import scipy.integrate
import scipy.optimize


def bad_fft(x):
    return np.sum(np.fft.fft(x))  #! UnsupportedError: function 'fft' is not in the language hint:complex


def bad_fft_of_real_numbers(x):
    return np.sum(np.abs(np.fft.rfft(x)) ** 2)  #! UnsupportedError: function 'rfft' hint:cosines


def bad_fft_and_back(x):
    return np.sum(np.fft.irfft(np.fft.rfft(x) * 0.5) ** 2)  #! UnsupportedError: rfft hint:complex


def bad_random_rand(x):
    return np.sum(x * np.random.rand(5))  #! UnsupportedError: rand hint:argument


def bad_random_normal(x):
    noise = np.random.normal(0.0, 1.0, 5)  #! UnsupportedError: normal hint:argument
    return np.sum(x * noise)


def bad_random_generator(x):
    rng = np.random.default_rng(0)  #! UnsupportedError: default_rng hint:argument
    return np.sum(x)


def bad_random_seed(x):
    np.random.seed(0)  #! UnsupportedError: seed hint:argument
    return np.sum(x)


def bad_vectorize(x):
    f = np.vectorize(math.sin)  #! UnsupportedError: vectorize
    return np.sum(f(x))


def bad_frompyfunc(x):
    f = np.frompyfunc(math.sin, 1, 1)  #! UnsupportedError: frompyfunc
    return np.sum(f(x))


def bad_apply_along_axis(a):
    return np.sum(np.apply_along_axis(np.sum, 0, a))  #! UnsupportedError: apply_along_axis


def bad_load(x):
    return np.sum(x * np.load("weights.npy"))  #! UnsupportedError: load


def bad_save(x):
    np.save("x.npy", x)  #! UnsupportedError: save
    return np.sum(x)


def bad_loadtxt(x):
    return np.sum(x) * np.loadtxt("x.txt")[0]  #! UnsupportedError: loadtxt


def bad_fromfile(x):
    return np.sum(x) * np.fromfile("x.bin")[0]  #! UnsupportedError: fromfile


def bad_memmap(x):
    m = np.memmap("x.bin")  #! UnsupportedError: memmap
    return np.sum(x)


def bad_trim_zeros(x):
    return np.sum(np.trim_zeros(x))  #! UnsupportedError: trim_zeros


def bad_roots(x):
    return np.sum(np.roots(x))  #! UnsupportedError: roots


def bad_polyfit(x, y):
    return np.polyfit(x, y, 1)[0]  #! UnsupportedError: polyfit


def bad_histogram2d(x):
    counts, edges, others = np.histogram2d(x, x)  #! UnsupportedError: histogram2d
    return edges[0]


def bad_packbits(x, idx):
    return x[0] * np.packbits(idx)[0]  #! UnsupportedError: packbits


def bad_matrix_class(a):
    return np.sum(np.matrix(a) * np.matrix(a))  #! UnsupportedError: matrix


def bad_masked_array(x):
    return np.sum(np.ma.masked_array(x, x > 1.0))  #! UnsupportedError: ma


def bad_character_array(x):
    return x[0] * np.char.str_len("abc")  #! UnsupportedError: str_len


def bad_record_array(x):
    r = np.rec.array([(1, 2.0)])  #! UnsupportedError: array
    return np.sum(x)


def bad_datetime(x):
    d = np.datetime64("2020-01-01")  #! UnsupportedError: datetime64
    return np.sum(x)


def bad_print_options(x):
    np.set_printoptions(precision=3)  #! UnsupportedError: set_printoptions
    return np.sum(x)


def bad_error_state(x):
    np.seterr(all="ignore")  #! UnsupportedError: seterr
    return np.sum(x)


def bad_poly1d(s):
    return np.poly1d([1.0, 2.0])(s)  #! UnsupportedError: poly1d


def bad_numpy_testing(x, y):
    np.testing.assert_allclose(x, y)  #! UnsupportedError: assert_allclose
    return np.sum(x)


def bad_nditer_call(x):
    it = np.nditer(x)  #! UnsupportedError: nditer
    return np.sum(x)


def bad_function_that_numpy_does_not_have(x):
    return np.summ(x)  #! AttributeError|UnsupportedError: summ


def bad_function_that_math_does_not_have(s):
    return math.sine(s)  #! AttributeError|UnsupportedError: sine


def bad_linalg_function_that_does_not_exist(a):
    return np.linalg.invert(a)[0, 0]  #! AttributeError|UnsupportedError: invert


def bad_submodule_that_does_not_exist(x):
    return np.linear.norm(x)  #! AttributeError|UnsupportedError: linear


def bad_module_as_a_value(x):
    m = np
    return np.sum(x) * m  #! TypeError|UnsupportedError: module


def bad_eigenvalues_of_a_general_matrix(a):
    return np.sum(np.linalg.eigvals(a))  #! UnsupportedError: eigvals


def bad_scipy_minimize(x):
    return scipy.optimize.minimize(np.sum, x).fun  #! UnsupportedError: minimize


def bad_scipy_quad(s):
    return scipy.integrate.quad(math.sin, 0.0, s)[0]  #! UnsupportedError: quad


def bad_object_array(x):
    y = np.array([x[0], None])  #! UnsupportedError|TypeError: None
    return y[0]


def bad_object_dtype(x):
    y = np.zeros(3, dtype=object)  #! UnsupportedError|TypeError: dtype
    return np.sum(x)


def bad_array_of_strings(x):
    names = np.array(["a", "b"])  #! UnsupportedError|TypeError: 'a'
    return x[0] * len(names)


def bad_complex_dtype(x):
    z = np.zeros(5, dtype=complex)  #! UnsupportedError|TypeError: complex
    return np.sum(x)


def bad_complex128_dtype(x):
    z = np.empty(5, dtype=np.complex128)  #! UnsupportedError|TypeError: complex128
    return np.sum(x)


def bad_astype_complex(x):
    return np.sum(x.astype(complex))  #! UnsupportedError|TypeError: complex


def bad_astype_object(x):
    return np.sum(x.astype(object))  #! UnsupportedError|TypeError: object


def bad_astype_string(x):
    return x[0] * len(x.astype("U5"))  #! UnsupportedError|TypeError: dtype


def bad_dtype_that_does_not_exist(x):
    return np.sum(x.astype("float63"))  #! UnsupportedError|TypeError: float63


def bad_long_double(x):
    return np.sum(x.astype(np.longdouble))  #! UnsupportedError|TypeError: dtype


def bad_method_that_does_not_exist(x):
    return x.total()  #! AttributeError|UnsupportedError: total


def bad_list_method_on_an_array(x):
    x.append(1.0)  #! AttributeError|UnsupportedError: append
    return np.sum(x)


def bad_attribute_that_does_not_exist(x):
    return np.sum(x) * x.length  #! AttributeError|UnsupportedError: length


def bad_attribute_of_a_scalar(s):
    return s.value * 2.0  #! AttributeError|UnsupportedError: value


def bad_method_of_a_scalar(s):
    return s.hypot(1.0)  #! AttributeError|UnsupportedError: hypot


def bad_field_of_a_tuple(s, p):
    return s * p.first  #! AttributeError|UnsupportedError: first


def bad_reinterpretation_of_bits(x):
    return x[0] * x.view(np.int64)[0]  #! UnsupportedError: view


def bad_bytes_of_an_array(x):
    return x[0] * len(x.tobytes())  #! UnsupportedError: tobytes


def bad_array_to_a_file(x):
    x.tofile("x.bin")  #! UnsupportedError: tofile
    return np.sum(x)


def bad_pickle_of_an_array(x):
    x.dump("x.pkl")  #! UnsupportedError: dump
    return np.sum(x)


def bad_byteswap(x):
    return np.sum(x.byteswap())  #! UnsupportedError: byteswap


def bad_resize_in_place(x):
    x.resize(3)  #! UnsupportedError: resize
    return np.sum(x)


def bad_setflags(x):
    x.setflags(write=True)  #! UnsupportedError: setflags
    return np.sum(x)


def bad_ctypes_of_an_array(x):
    return x[0] * x.ctypes.data  #! UnsupportedError: ctypes


def bad_strided_view_by_hand(x):
    return np.sum(np.lib.stride_tricks.as_strided(x, (2,), (8,)))  #! UnsupportedError: as_strided


def bad_ndarray_constructor(x):
    y = np.ndarray(3, np.float64, x)  #! UnsupportedError: ndarray
    return np.sum(x)
