"""The checklist: every construct a random program may contain, by theme. Coverage is counted against it."""

ARGUMENTS = """
float float64-scalar float32-scalar int bool string-switch none-switch array-0d array-1d
array-2d array-3d size-0 fortran strided reversed float32-array int-array int32-array bool-array tuple
namedtuple dataclass dict nested same-twice overlapping default argnums-index argnums-name argnums-tuple
"""
STATEMENTS = """
assign unpack unpack-nested swap swap-elements chained walrus annotated augmented+ augmented-
augmented* augmented/ augmented// augmented% augmented** element-store element-augmented slice-store
slice-augmented full-store strided-store overlapping-store view-write row-view-write transpose-write
reshape-write alias-name overwrite-after-use docstring pass del raise assert if elif else early-return
both-branch-variable one-branch-variable print
"""
INDEXING = """
negative-index wrapped-index computed-index chained-index index-array row column ellipsis
newaxis none-axis slice strided-slice negative-step computed-slice
"""
OPERATORS = """
+ - * / // % ** int-power @ negate plus < <= > >= == != chained-comparison and or not ternary int+ int-
int* int// int% int** array+ array- array* array/ array// array% array** array@ array-compare broadcast
"""
LOOPS = """
range range-start range-step range-negative-step range-computed range-dependent
range-bound-changed zero-trip over-array over-rows over-tuple over-list enumerate enumerate-start zip
reversed-range reversed-array reversed-tuple while while-tolerance while-flag tally break continue for-else
while-else return-in-loop nested index-after-loop carried-scalar carried-array swap-names rebind-array
scratch-inside scratch-outside int-to-float alongside handed-on left noted swept stencil recurrence
points
"""
BUILTINS = "len min max min-of-array max-of-array abs sum int float round round-digits any all"
CONTAINERS = """
list list-index list-index-computed list-store dict dict-call dict-load dict-store list-comprehension
nested-comprehension generator-sum generator-any generator-all np-sum-of-list np-array-of-list tuple-literal
"""
FUNCTIONS = """
helper helper-many-returns helper-loop helper-mutates helper-tuple helper-array default
keyword-call nested closure nonlocal lambda lambda-in-module method partial decorated njit prange
module-constant module-array from-math entry-lambda entry-partial entry-method entry-nested entry-decorated
entry-njit
"""
NUMPY = """
sum mean prod max min var std dot vdot matmul outer cumsum where clip maximum minimum abs sign
zeros ones empty full arange linspace eye zeros_like ones_like empty_like full_like copy reshape ravel
transpose shape ndim size array asarray concatenate stack sum-axis mean-axis prod-axis max-axis min-axis
var-axis std-axis cumsum-axis keepdims axis-tuple transpose-axes
"""
METHODS = """
sum mean prod max min var std dot cumsum clip copy reshape ravel transpose T shape ndim size
astype fill item flatten
"""
UFUNCS = """
exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan arcsin arccos arctan
sinh cosh tanh arcsinh arccosh arctanh degrees radians deg2rad rad2deg fabs absolute negative positive floor
ceil trunc rint add subtract multiply divide floor_divide remainder mod fmod power arctan2 hypot logaddexp
logaddexp2 fmax fmin copysign
"""
MATH = """
sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp expm1 log log-base log2 log10
log1p sqrt pow hypot fabs floor ceil trunc copysign fmod degrees radians erf erfc gamma lgamma constants
"""
EXTRAS = """
bit-operators conditional-swap mask-operators divmod pow math-remainder mask-store mask-read index-array-read
index-array-store ufunc-at np.sort np.roll np.flip np.cumprod np.diff np.einsum
view-of-view np.linalg.solve np.linalg.inv np.linalg.cholesky np.linalg.det np.linalg.norm
"""


def named(prefix, words):
    """Construct names with their theme."""
    return {f"{prefix}:{word}" for word in words.split()}


CONSTRUCTS = (
    named("arg", ARGUMENTS)
    | named("stmt", STATEMENTS)
    | named("index", INDEXING)
    | named("op", OPERATORS)
    | named("loop", LOOPS)
    | named("builtin", BUILTINS)
    | named("container", CONTAINERS)
    | named("func", FUNCTIONS)
    | named("np", NUMPY)
    | named("method", METHODS)
    | named("ufunc", UFUNCS)
    | named("math", MATH)
)
EXTRA_CONSTRUCTS = named("extra", EXTRAS)
