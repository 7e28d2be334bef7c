#!/usr/bin/python3
"""The .npy files beside this script, written by NumPy: python3 make_fixtures.py"""
import os
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
for dtype in ("uint8", "int16", "float32", "uint64"):
    np.save(os.path.join(here, f"{dtype}_2x3x4.npy"), np.arange(24).reshape(2, 3, 4).astype(dtype))
