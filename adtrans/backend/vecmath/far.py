"""Scalar functions for rare arguments, in a form that does not keep LLVM from vectorising the loop around them.

In: the name of an LLVM intrinsic, that is of a C library function, and a type code. Out: LLVM IR of a function for
numbers and of its variants for whole vectors. A branch in a loop body becomes a masked operation when the loop
is vectorised; for a call there has to be a variant that takes a mask, announced by the attribute
`vector-function-abi-variant`. The variants here return at once when no lane asks, and that is all the usual
case pays.

    far.symbol("sin", "f8")        # "adtrans_far_sin_f8"
"""

# Over a call in this convention 16 of the 32 vector registers of AVX-512 stay as they are, constants of the loop
# among them. With AVX the registers it keeps are among those that VZEROUPPER, which LLVM inserts, makes half zero.
_KEEPING_REGISTERS = "intel_ocl_bicc"

_ATTRIBUTES = "noinline nounwind willreturn memory(none)"
_TYPES = {"f8": "double", "f4": "float"}
_LANES = {"f8": (2, 4, 8), "f4": (4, 8, 16)}


def convention(features: str) -> str:
    """The calling convention for a processor with these features."""
    return _KEEPING_REGISTERS if {"+avx512f", "+avx512vl"} <= set(features.split(",")) else "ccc"


def symbol(name: str, code: str) -> str:
    return f"adtrans_far_{name}_{code}"


def definitions(name: str, code: str, arity: int, convention: str) -> str:
    """LLVM IR of the function for numbers, its vector variants, and the attribute group #0 of calls."""
    scalar, type_, lanes = symbol(name, code), _TYPES[code], _LANES[code]
    names = "xy"[:arity]
    variants = [f"{scalar}_{n}" for n in lanes]
    listed = ",".join(
        f"_ZGV_LLVM_M{n}{'v' * arity}_{scalar}({variant})" for n, variant in zip(lanes, variants)
    )
    kept = ", ".join(f"ptr @{variant}" for variant in variants)
    return "\n".join([
        _one(name, f"{convention} {type_} @{scalar}", type_, names),
        _each(convention, scalar, type_, names),
        *(_variant(convention, scalar, variant, f"<{n} x {type_}>", n, names) for n, variant in zip(lanes, variants)),
        # Nothing refers to the variants before the loop is vectorised.
        f'@llvm.compiler.used = appending global [{len(lanes)} x ptr] [{kept}], section "llvm.metadata"',
        f'attributes #0 = {{ nounwind willreturn memory(none) "vector-function-abi-variant"="{listed}" }}',
    ])


def _listed(type_: str, names: str, suffix: str = "") -> str:
    """Parameters or arguments: `double %x, double %y`."""
    return ", ".join(f"{type_} %{name}{suffix}" for name in names)


def _one(name: str, head: str, type_: str, names: str) -> str:
    """The function itself; through double precision, whose functions of the C library are the better ones."""
    types = ", ".join("double" for _ in names)
    if type_ == "double":
        body = [f"%result = call double @llvm.{name}.f64({_listed('double', names)})"]
    else:
        body = [f"%{n}wide = fpext float %{n} to double" for n in names]
        body += [f"%value = call double @llvm.{name}.f64({_listed('double', names, 'wide')})",
                 "%result = fptrunc double %value to float"]  # fmt: skip
    return "\n".join([
        f"declare double @llvm.{name}.f64({types})",
        "declare i64 @llvm.cttz.i64(i64, i1)",
        f"define {head}({_listed(type_, names)}) {_ATTRIBUTES} {{",
        *body,
        f"ret {type_} %result",
        "}",
    ])


def _each(convention: str, scalar: str, type_: str, names: str) -> str:
    """The function applied to those numbers in memory that a non-zero set of bits names; results replace x."""
    loads = [f"%{n}place = getelementptr {type_}, ptr %{n}s, i64 %i\n  "
             f"%{n} = load {type_}, ptr %{n}place" for n in names]  # fmt: skip
    return f"""define {convention} void @{scalar}_each({_listed("ptr", names, "s")}, i64 %all) noinline nounwind {{
entry:
  br label %loop
loop:
  %lanes = phi i64 [ %all, %entry ], [ %rest, %loop ]
  %i = call i64 @llvm.cttz.i64(i64 %lanes, i1 true)
  {chr(10).join(loads)}
  %result = call {convention} {type_} @{scalar}({_listed(type_, names)})
  store {type_} %result, ptr %xplace
  %less = sub i64 %lanes, 1
  %rest = and i64 %lanes, %less
  %done = icmp eq i64 %rest, 0
  br i1 %done, label %finished, label %loop
finished:
  ret void
}}"""


def _variant(convention: str, scalar: str, variant: str, vector: str, n: int, names: str) -> str:
    """A quick test of the mask, and apart from it what needs a stack frame."""
    numbers = _listed(vector, names)
    memory = "\n  ".join(f"%{n}s = alloca {vector}\n  store {vector} %{n}, ptr %{n}s" for n in names)
    return f"""define {convention} {vector} @{variant}({numbers}, <{n} x i1> %mask) {_ATTRIBUTES} {{
  %lanes = bitcast <{n} x i1> %mask to i{n}
  %none = icmp eq i{n} %lanes, 0
  br i1 %none, label %usual, label %work
usual:
  ret {vector} %x
work:
  %all = zext i{n} %lanes to i64
  %result = call {convention} {vector} @{variant}_work({numbers}, i64 %all)
  ret {vector} %result
}}
define {convention} {vector} @{variant}_work({numbers}, i64 %all) {_ATTRIBUTES} {{
  {memory}
  call {convention} void @{scalar}_each({_listed("ptr", names, "s")}, i64 %all)
  %result = load {vector}, ptr %xs
  ret {vector} %result
}}"""
