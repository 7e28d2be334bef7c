"""Fixtures by python3-zarr's N5Store (zarr 2.13, numcodecs 0.11). Usage: zarr_writer.py OUT"""
import sys
import warnings

import numcodecs
import zarr
from zarr.n5 import N5Store

from values import DTYPES, LARGE, ODD, SMALL, volume

warnings.simplefilter("ignore", RuntimeWarning)
group = zarr.open_group(N5Store(sys.argv[1]), "w")


def write(name, dtype, dimensions, block, compressor):
    shape, chunks = dimensions[::-1], block[::-1]
    array = group.create_dataset(name, shape=shape, chunks=chunks, dtype=dtype, compressor=compressor, fill_value=0)
    array[...] = volume(dtype, dimensions)


COMPRESSORS = {
    "raw": None,
    "gzip": numcodecs.GZip(5),
    "zlib": numcodecs.Zlib(5),
    "bzip2": numcodecs.BZ2(5),
    "xz": numcodecs.LZMA(),
    "zstd": numcodecs.Zstd(3),
    "blosc": numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE),
    "lz4": numcodecs.LZ4(),
}
for name, compressor in COMPRESSORS.items():
    for dtype in DTYPES:
        write(f"{dtype}-{name}", dtype, *SMALL, compressor)
    if name != "raw":
        write(f"large-{name}", "uint8", *LARGE, compressor)
write("odd", "uint16", *ODD, numcodecs.GZip(5))
write("four-dimensional", "uint32", (5, 4, 1, 3), (3, 4, 2, 3), numcodecs.GZip(5))
for codec in ("blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"):
    for shuffle, shuffle_name in enumerate(("plain", "shuffle", "bitshuffle")):
        dtype = "uint16" if shuffle else "uint8"  # what compresses that way
        write(f"blosc-{codec}-{shuffle_name}", dtype, (64, 32, 5), (64, 32, 5), numcodecs.Blosc(codec, 9, shuffle))
write("lzma", "uint16", *SMALL, numcodecs.LZMA(format=2))
