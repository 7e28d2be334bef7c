"""The voxels of every fixture: a closed formula per element type, in exact integers and binary fractions.

n is a voxel's position with the first N5 dimension fastest: n = i0 + d0 * (i1 + d1 * (i2 + …)). An N5 volume of dimensions
(d0, d1, d2) is a NumPy array of shape (d2, d1, d0).
"""
import numpy as np


def volume(dtype, dimensions):
    shape = tuple(reversed(dimensions))
    n = np.arange(np.prod(shape), dtype=np.uint64).reshape(shape)
    s = n.astype(np.int64)
    return {
        "uint8": (n * 7 + 1) % 251,
        "uint16": 0x4321 + n * 3,
        "uint32": 0x87654321 + n * 5,
        "uint64": np.uint64(0x8765432101234567) + n * np.uint64(0x100000001),
        "int8": (s * 7 + 1) % 251 - 125,
        "int16": 1000 - 77 * s,
        "int32": 100000 - 1234567 * s,
        "int64": 5 - 1234567890123 * s,
        "float32": 0.25 * s - 40.5,
        "float64": 0.0009765625 * s - 1e9,
    }[dtype].astype(dtype)


DTYPES = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float32", "float64"]
SMALL = ((5, 4, 3), (3, 4, 3))  # dimensions, block size: every element type and compression
ODD = ((11, 7, 5), (4, 3, 2))  # partial end blocks along every dimension
LARGE = ((64, 64, 40), (64, 64, 40))  # one block, for what codecs do beyond their first buffer
