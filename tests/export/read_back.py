"""Reads what catvox exported with readers that are not catvox's, and writes it as .npy.

    python3 read_back.py n5 <folder> <dataset> <out.npy>     zarr-python's N5Store; axes as N5 has them, reversed
    python3 read_back.py zarr <folder> <array> <out.npy>     zarr-python
    python3 read_back.py npy <file> <out.npy>                NumPy
    python3 read_back.py tiff <file> <out.npy>               Pillow: every page
    python3 read_back.py average|mode <n5|zarr> <folder> <fz,fy,fx>... <out.npy>
        whether each level is what NumPy makes of the one before by these factors: 1 or 0 for each
"""
import sys

import numpy as np


def coarser(fine, factors, how):
    shape = [-(-n // f) for n, f in zip(fine.shape, factors)]
    out = np.zeros(shape, fine.dtype)
    for index in np.ndindex(*shape):
        cell = fine[tuple(slice(i * f, (i + 1) * f) for i, f in zip(index, factors))]
        if how == "average":
            mean = cell.astype(np.float64).mean()
            out[index] = mean if fine.dtype.kind == "f" else np.rint(mean)  # rint: a half to the even number
        else:
            values, counts = np.unique(cell, return_counts=True)  # ascending: argmax takes the lowest
            out[index] = values[counts.argmax()]
    return out


def read(format, folder, array):
    import zarr
    from zarr.n5 import N5Store

    store = N5Store(folder) if format == "n5" else zarr.NestedDirectoryStore(folder)
    return zarr.open(store, path=array, mode="r")[...]


kind, *arguments, out = sys.argv[1:]
if kind in ("n5", "zarr"):
    np.save(out, read(kind, *arguments))
elif kind == "npy":
    np.save(out, np.load(*arguments))
elif kind == "tiff":
    from PIL import Image

    image = Image.open(*arguments)
    pages = []
    for page in range(image.n_frames):
        image.seek(page)
        pages.append(np.array(image))
    np.save(out, np.stack(pages))
else:
    format, folder, *factors = arguments
    prefix = "s" if format == "n5" else ""
    fine = read(format, folder, prefix + "0")
    equal = []
    for level, factor in enumerate(factors, 1):
        seen = read(format, folder, prefix + str(level))
        fine = coarser(fine, [int(f) for f in factor.split(",")], kind)
        equal.append(fine.shape == seen.shape and bool((fine == seen).all()))
    np.save(out, np.array(equal, np.uint8))
