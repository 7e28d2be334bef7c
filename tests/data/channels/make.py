#!/usr/bin/python3
"""Writes red, green, blue and alpha of the images of ../images, as other decoders give them, into this folder.

    apt-get install python3-pil python3-numpy python3-png
    python3 tests/data/channels/make.py

<image>.rgba     8-bit samples, pixel by pixel: Pillow's convert("RGBA")
<image>.rgba16   16-bit samples, little-endian: pypng, where Pillow has no mode for them
*.png            images of transparent colours (tRNS), which no other test has, written by Pillow
"""

import pathlib

import numpy
import png
from PIL import Image

HERE = pathlib.Path(__file__).parent
IMAGES = HERE.parent / "images"

EIGHT = ["rgb.jpg", "ycbcr_420.jpg", "ycbcr_444_progressive.jpg", "grey.jpg", "grey8.png", "grey4.png",
         "grey_alpha8.png", "rgb8.png", "rgba8.png", "rgba8_interlaced.png", "palette4.png"]
SIXTEEN = ["grey16.png", "grey_alpha16.png", "rgb16.png", "rgba16.png", "rgba16_interlaced.png"]

for name in EIGHT:
    (HERE / f"{name}.rgba").write_bytes(numpy.asarray(Image.open(IMAGES / name).convert("RGBA")).tobytes())

for name in SIXTEEN:
    width, height, rows, info = png.Reader(filename=str(IMAGES / name)).read()
    assert info["bitdepth"] == 16
    pixels = numpy.vstack([numpy.asarray(row, numpy.uint16) for row in rows]).reshape(height, width, info["planes"])
    rgba = numpy.full((height, width, 4), 65535, numpy.uint16)
    rgba[..., :3] = pixels[..., : 1 if info["greyscale"] else 3]
    if info["alpha"]:
        rgba[..., 3] = pixels[..., -1]
    (HERE / f"{name}.rgba16").write_bytes(rgba.astype("<u2").tobytes())

ramp = numpy.arange(20 * 12, dtype=numpy.uint8).reshape(12, 20)
palette = Image.fromarray(ramp % 7, "P")
palette.putpalette([value for i in range(7) for value in (i * 30, 255 - i * 20, i * i)])
grey = Image.fromarray(ramp, "L")
rgb = Image.fromarray(numpy.stack([ramp, ramp // 2, 255 - ramp], -1), "RGB")
for name, image, transparency in (("palette_transparent.png", palette, bytes([0, 255, 128, 3])),
                                  ("grey_transparent.png", grey, 30), ("rgb_transparent.png", rgb, (40, 20, 215))):
    image.save(HERE / name, transparency=transparency)
    (HERE / f"{name}.rgba").write_bytes(numpy.asarray(Image.open(HERE / name).convert("RGBA")).tobytes())
