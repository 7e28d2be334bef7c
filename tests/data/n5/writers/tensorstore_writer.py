"""Fixtures by tensorstore's n5 driver (tensorstore 0.1.86). Usage: tensorstore_writer.py OUT"""
import pathlib
import sys

import tensorstore as ts

from values import DTYPES, LARGE, SMALL, volume

root = pathlib.Path(sys.argv[1]).resolve()


def write(name, dtype, dimensions, block, compression):
    store = ts.open(
        {
            "driver": "n5",
            "kvstore": {"driver": "file", "path": f"{root}/{name}/"},
            "metadata": {"dimensions": dimensions, "blockSize": block, "dataType": dtype, "compression": compression},
        },
        create=True,
        delete_existing=True,
    ).result()
    store.write(volume(dtype, dimensions).transpose()).result()  # its axes are in N5's order


COMPRESSIONS = {
    "raw": {"type": "raw"},
    "gzip": {"type": "gzip"},
    "zlib": {"type": "gzip", "useZlib": True},
    "bzip2": {"type": "bzip2"},
    "xz": {"type": "xz"},
    "zstd": {"type": "zstd"},
    "blosc": {"type": "blosc", "cname": "zstd", "clevel": 5, "shuffle": 2},
}
for name, compression in COMPRESSIONS.items():
    for dtype in DTYPES if name == "gzip" else ("uint8", "int16", "float64"):
        write(f"{dtype}-{name}", dtype, *SMALL, compression)
    if name != "raw":
        write(f"large-{name}", "uint8", *LARGE, compression)
