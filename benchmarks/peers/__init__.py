"""The same programs in other systems. What is not installed is not there: the tables are empty then.

`jax_kernels`, `jax_libraries` and `jax_ports` go by name of program: functions of its arguments that return what the
procedure leaves in its outputs, in their order, or what the function returns. `jax_libraries` are other algorithms than
the programs': the library's factorisations. `jax_objectives` and `torch_objectives` go by name of
objective.
"""

import importlib.util

jax_kernels, jax_libraries, jax_ports, jax_objectives, torch_objectives = {}, {}, {}, {}, {}
jax_gradient = torch_gradient = None
if importlib.util.find_spec("jax"):
    from .jax_factors import KERNELS as FACTORS
    from .jax_networks import KERNELS as NETWORKS
    from .jax_objectives import OBJECTIVES as jax_objectives
    from .jax_ports import PORTS as jax_ports
    from .jax_products import KERNELS as PRODUCTS
    from .jax_running import gradient as jax_gradient
    from .jax_stencils import KERNELS as STENCILS
    from .jax_sweeps import KERNELS as SWEEPS

    jax_kernels = STENCILS | PRODUCTS | SWEEPS | NETWORKS | FACTORS
    jax_libraries = {name: PRODUCTS[name] for name in FACTORS}
if importlib.util.find_spec("torch"):
    from .torch_objectives import OBJECTIVES as torch_objectives
    from .torch_objectives import gradient as torch_gradient

__all__ = ["jax_gradient", "jax_kernels", "jax_objectives", "jax_ports", "torch_gradient", "torch_objectives"]
