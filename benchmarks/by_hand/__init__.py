"""Programs as an expert would write them, and their adjoints, in Numba by hand.

`PRIMALS` and `ADJOINTS` go by name of program. An adjoint takes the arguments of the program. That of a procedure
takes bars after them, inputs first, works in place and leaves in the bars what `adtrans.adjoint` would; that of a
function returns the value and a tuple of gradients.
"""

from .factors import cholesky, cholesky_adjoint, lu, lu_adjoint
from .space import fdtd_2d, fdtd_2d_adjoint, heat_3d, heat_3d_adjoint
from .stencils import jacobi_1d, jacobi_1d_adjoint, jacobi_2d, jacobi_2d_adjoint, seidel_2d, seidel_2d_adjoint
from .waves import Burgers, burgers

PRIMALS = {"jacobi_1d": jacobi_1d, "jacobi_2d": jacobi_2d, "seidel_2d": seidel_2d, "heat_3d": heat_3d,
           "fdtd_2d": fdtd_2d, "burgers": burgers, "lu": lu, "cholesky": cholesky}
ADJOINTS = {"jacobi_1d": jacobi_1d_adjoint, "jacobi_2d": jacobi_2d_adjoint, "seidel_2d": seidel_2d_adjoint,
            "heat_3d": heat_3d_adjoint, "fdtd_2d": fdtd_2d_adjoint, "burgers": Burgers(), "lu": lu_adjoint,
            "cholesky": cholesky_adjoint}
