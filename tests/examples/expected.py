"""What the examples must print, worked out from the demo's files by NumPy and Pillow.

    python3 expected.py <demo folder>

examples_test.cpp holds what this printed.
"""
import pathlib
import sys

import numpy as np
from PIL import Image

demo = pathlib.Path(sys.argv[1])
BROKEN = {4: 3, 5: 6}  # the nearest unbroken section


def section(level, z):
    """A section of mirror PNG; missing tiles are 0."""
    height, width = 605 >> level, 810 >> level
    image = np.zeros((height, width), np.uint8)
    for row in range(-(-height // 192)):
        for column in range(-(-width // 320)):
            tile = demo / f"tiles/png/{level}/{z}/{row}/{column}.png"
            if tile.exists():
                pixels = np.asarray(Image.open(tile))
                y, x = 192 * row, 320 * column
                image[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    return image


def labels():
    """The volume of N5 blocks, (z, y, x): raw, big-endian, x fastest."""
    volume = np.zeros((12, 302, 405), np.uint64)
    for file in (demo / "labels").glob("*/*/*"):
        column, row, layer = (int(part) for part in file.parts[-3:])
        data = file.read_bytes()
        mode, dimensions, nx, ny, nz = np.frombuffer(data[:4], ">u2").tolist() + np.frombuffer(data[4:16], ">u4").tolist()
        assert (mode, dimensions) == (0, 3)
        block = np.frombuffer(data[16:], ">u8").reshape(nz, ny, nx)
        z, y, x = 4 * layer, 128 * row, 128 * column
        volume[z : z + nz, y : y + ny, x : x + nx] = block
    return volume


print("section_means")
for z in range(12):
    print(f"z {800 + 40 * z} nm: {section(2, z).mean():.2f}")

print("several_threads")
for z in range(12):
    print(f"section {z}: {section(1, BROKEN.get(z, z)).min()}")

print("labels_in_box")  # x 2400 to 3600, y 3400 to 4200 at 8 nm from 2000, 3000
box = labels()[:, 50:150, 50:200]
ids, counts = np.unique(box[box != 0], return_counts=True)
print(f"{len(ids)} segments; the largest are")
for count, label in sorted(zip(counts.tolist(), ids.tolist()), reverse=True)[:5]:
    print(f"{label}: {count * 8 * 8 * 40 * 1e-9:.4f} um^3")

print("cubes_around_points")
padded = np.pad(labels(), ((2, 2), (16, 15), (16, 15)))
for i, (x, y, z) in enumerate([(3000, 3800, 1000), (2410, 3404, 900), (3020, 3790, 1040), (5236, 5410, 1270), (2001, 3001, 801)]):
    z, y, x = (z - 800) // 40, (y - 3000) // 8, (x - 2000) // 8
    cube = padded[z : z + 5, y : y + 32, x : x + 32]
    print(f"point {i}: segment {cube[2, 16, 16]}, {len(np.unique(cube[cube != 0]))} segments around it")

print("any_type")
print("from", labels()[0].min(), "to", labels()[0].max())
print("from", section(0, 0).min(), "to", section(0, 0).max())

print("crop_to_npy")  # x 62 to 162, y 50 to 74 at level 1, sections 2 to 6 of mirror JPEG
box = np.zeros((5, 25, 101), np.uint8)
for z in range(2, 7):
    tile = Image.open(demo / f"tiles/jpeg/{BROKEN.get(z, z)}/0_0_1.jpg")
    box[z - 2] = np.asarray(tile)[50:75, 62:163]
print(box.shape, box.sum())
