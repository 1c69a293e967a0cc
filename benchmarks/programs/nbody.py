"""Stars under gravity by the leapfrog scheme; kinetic and potential energies along the way."""

import numpy as np

from .data import uniform


def differences(pos):
    x = pos[:, 0:1]
    y = pos[:, 1:2]
    z = pos[:, 2:3]
    return x.T - x, y.T - y, z.T - z


def acceleration(pos, mass, gravity, softening):
    dx, dy, dz = differences(pos)
    cubes = dx**2 + dy**2 + dz**2 + softening**2
    cubes[cubes > 0] = cubes[cubes > 0]**(-1.5)
    return np.hstack((gravity * (dx * cubes) @ mass, gravity * (dy * cubes) @ mass, gravity * (dz * cubes) @ mass))


def energy(pos, vel, mass, gravity):
    kinetic = 0.5 * np.sum(mass * vel**2)
    dx, dy, dz = differences(pos)
    inverse = np.sqrt(dx**2 + dy**2 + dz**2)
    inverse[inverse > 0] = 1.0 / inverse[inverse > 0]
    return kinetic, gravity * np.sum(np.triu(-(mass * mass.T) * inverse, 1))


def nbody(mass, pos, vel, steps, dt, gravity, softening):
    vel -= np.mean(mass * vel, axis=0) / np.mean(mass)
    acc = acceleration(pos, mass, gravity, softening)
    kinetic = np.ndarray(steps + 1, dtype=pos.dtype)
    potential = np.ndarray(steps + 1, dtype=pos.dtype)
    kinetic[0], potential[0] = energy(pos, vel, mass, gravity)
    for i in range(steps):
        vel += acc * dt / 2.0
        pos += vel * dt
        acc = acceleration(pos, mass, gravity, softening)
        vel += acc * dt / 2.0
        kinetic[i + 1], potential[i + 1] = energy(pos, vel, mass, gravity)
    return kinetic, potential


def arguments(size, dtype):
    mass, pos, vel = uniform(dtype, (size, 1), (size, 3), (size, 3))
    return {"mass": mass, "pos": pos, "vel": vel, "steps": 3, "dt": 0.05, "gravity": 1.1, "softening": 0.1}
