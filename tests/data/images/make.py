#!/usr/bin/python3
"""Writes the image fixtures of tests/codec/image_test.cpp into this folder.

    apt-get install python3-pil python3-numpy libjpeg-turbo-progs
    /usr/bin/python3 tests/data/images/make.py

<name>.pgm holds the grey pixels that <name>.jpg and <name>.png must decode to (<name>_interlaced.png shares <name>.pgm).

JPEG: written by cjpeg, with the arguments that stand in JPEGS, and by jpegtran; the pixels are Pillow's Y channel.
PNG:  written below, chunk by chunk, because no encoder offers every kind; the pixels are computed from the samples by
      the rules that image.hpp states, and compared to what Pillow decodes wherever Pillow reads the kind without loss.
"""

import io
import pathlib
import struct
import subprocess
import warnings
import zlib

import numpy
from PIL import Image

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 67, 53  # no multiple of 8 or 16, with several whole iMCUs of either size


def texture(height, width, seed):
    """Blobs at several scales, 0 to 255: membranes and cytoplasm to a codec."""
    random = numpy.random.RandomState(seed)
    image = numpy.zeros((height, width))
    for cell, weight in ((16, 1.0), (5, 0.7), (2, 0.25)):
        coarse = random.rand(height // cell + 2, width // cell + 2)
        image += weight * numpy.kron(coarse, numpy.ones((cell, cell)))[:height, :width]
    image -= image.min()
    return numpy.round(image / image.max() * 255).astype(numpy.uint8)


def luma(rgb):
    """Pillow's mode "L" of 8-bit R, G, B."""
    r, g, b = (rgb[..., i].astype(numpy.uint32) for i in range(3))
    return ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16).astype(numpy.uint8)


def save_pgm(name, pixels):
    assert pixels.dtype == numpy.uint8 and pixels.ndim == 2
    header = b"P5 %d %d 255\n" % (pixels.shape[1], pixels.shape[0])
    (HERE / f"{name}.pgm").write_bytes(header + pixels.tobytes())


# ---------------------------------------------------------------------------------------------------------------- JPEG

NON_INTERLEAVED = b"0;\n1;\n2;\n"  # a cjpeg scan script: one scan per component, sequential

JPEGS = {  # name: input of cjpeg, arguments of cjpeg
    "grey": ("grey", "-quality 85"),
    "grey_sampling_2x2": ("grey", "-quality 85 -sample 2x2"),
    "grey_progressive": ("grey", "-quality 85 -progressive"),
    "grey_arithmetic": ("grey", "-quality 85 -arithmetic"),
    "grey_restart": ("grey", "-quality 85 -restart 2B"),
    "ycbcr_444": ("rgb", "-quality 85 -sample 1x1"),
    "ycbcr_422": ("rgb", "-quality 85 -sample 2x1"),
    "ycbcr_440": ("rgb", "-quality 85 -sample 1x2"),
    "ycbcr_420": ("rgb", "-quality 85 -sample 2x2"),
    "ycbcr_411": ("rgb", "-quality 85 -sample 4x1"),
    "ycbcr_420_progressive": ("rgb", "-quality 85 -sample 2x2 -progressive"),
    "ycbcr_444_progressive": ("rgb", "-quality 85 -sample 1x1 -progressive -restart 1"),
    "ycbcr_420_arithmetic": ("rgb", "-quality 85 -sample 2x2 -arithmetic -progressive"),
    "ycbcr_420_restart": ("rgb", "-quality 85 -sample 2x2 -restart 1"),
    "ycbcr_420_scans": ("rgb", "-quality 85 -sample 2x2 -scans /dev/stdin"),
    "ycbcr_420_arithmetic_scans": ("rgb", "-quality 85 -sample 2x2 -arithmetic -scans /dev/stdin"),
    "ycbcr_small_luma": ("rgb", "-quality 85 -sample 1x1,2x2,2x2"),  # luma coarser than chroma: it gets upsampled
    "rgb": ("rgb", "-quality 85 -rgb"),
}


def pillow_grey(name, data):
    image = Image.open(io.BytesIO(data))
    if name == "rgb":
        return luma(numpy.asarray(image.convert("RGB")))
    image.draft("L", image.size)
    grey = numpy.asarray(image.convert("L"))
    if not name.startswith("grey"):
        colour = Image.open(io.BytesIO(data))
        colour.draft("YCbCr", colour.size)
        assert (numpy.asarray(colour)[..., 0] == grey).all(), name
    return grey


def segments(jpeg):
    """(marker, segment's bytes with its entropy-coded data) of a JPEG without restart markers."""
    at = 2
    while jpeg[at + 1] != 0xD9:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        while jpeg[at + 1] == 0xDA and not (jpeg[end] == 0xFF and jpeg[end + 1] != 0):
            end += 1
        yield jpeg[at + 1], jpeg[at:end]
        at = end


def join(parts):
    return b"\xff\xd8" + b"".join(part for _, part in parts) + b"\xff\xd9"


def patched(jpeg, marker, offset, value):
    """One byte of the first `marker` segment, `offset` counted from the marker's 0xff."""
    at = jpeg.index(bytes([0xFF, marker])) + offset
    return jpeg[:at] + bytes([value]) + jpeg[at + 1:]


def make_jpegs():
    rgb = numpy.stack([texture(HEIGHT, WIDTH, seed) for seed in (1, 2, 3)], axis=-1)
    inputs = {
        "grey": b"P5 %d %d 255\n" % (WIDTH, HEIGHT) + texture(HEIGHT, WIDTH, 4).tobytes(),
        "rgb": b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + rgb.tobytes(),
    }
    made = {}
    for name, (kind, arguments) in JPEGS.items():
        source = HERE / "source.pnm"
        source.write_bytes(inputs[kind])
        made[name] = subprocess.run(["cjpeg", *arguments.split(), str(source)], input=NON_INTERLEAVED, check=True,
                                    stdout=subprocess.PIPE).stdout
        source.unlink()
        (HERE / f"{name}.jpg").write_bytes(made[name])
        save_pgm(name, pillow_grey(name, made[name]))

    constant = HERE / "source.ppm"
    constant.write_bytes(b"P6 16 16 255\n" + bytes([200, 100, 50]) * 256)
    for name, arguments in (("constant_ycbcr", []), ("constant_rgb", ["-rgb"])):
        output = str(HERE / f"{name}.jpg")
        subprocess.run(["cjpeg", "-quality", "100", *arguments, "-outfile", output, str(constant)], check=True)
    constant.unlink()

    # The other writer of arithmetic coding: what it makes of grey.jpg holds the same coefficients.
    transcoded = subprocess.run(["jpegtran", "-arithmetic", str(HERE / "grey.jpg")], check=True,
                                stdout=subprocess.PIPE).stdout
    (HERE / "grey_jpegtran_arithmetic.jpg").write_bytes(transcoded)
    save_pgm("grey_jpegtran_arithmetic", pillow_grey("grey_jpegtran_arithmetic", transcoded))

    # A progressive file may end early; libjpeg then smooths across the borders of blocks.
    scans = list(segments(made["grey_progressive"]))
    incomplete = join(scans[:[marker for marker, _ in scans].index(0xDA) + 1])
    arithmetic = made["grey_arithmetic"]

    cmyk = numpy.stack([texture(16, 16, seed) for seed in (1, 2, 3, 4)], axis=-1)
    buffer = io.BytesIO()
    Image.fromarray(cmyk, "CMYK").save(buffer, "JPEG")
    scans = list(segments(made["ycbcr_420_scans"]))
    frame = next(i for i, (marker, _) in enumerate(scans) if marker == 0xC0)
    first_scan, last_scan = (next(i for i in order if scans[i][0] == 0xDA)
                             for order in (range(len(scans)), reversed(range(len(scans)))))
    two = scans[:last_scan]
    two[frame] = (0xC0, b"\xff\xc0\0\x0e" + two[frame][1][4:9] + b"\2" + two[frame][1][10:16])
    refused = {
        "cmyk": buffer.getvalue(),
        "ycck": patched(buffer.getvalue(), 0xEE, 15, 2),      # the Adobe segment's colour transform
        "12bit": patched(made["grey"], 0xC0, 4, 12),          # the frame header's sample precision
        "hierarchical": patched(made["grey"], 0xC0, 1, 0xC5),  # SOF5, differential sequential
        "two_components": join(two),
        "incomplete": incomplete,
        "arithmetic_cut": arithmetic[:len(arithmetic) // 2] + b"\xff\xd9",
        "jpegtran_arithmetic_cut": transcoded[:len(transcoded) // 2] + b"\xff\xd9",
        "no_luma_scan": join(scans[:first_scan] + scans[first_scan + 1:]),
        "huge": patched(patched(patched(patched(made["grey"], 0xC0, 5, 0xFF), 0xC0, 6, 0), 0xC0, 7, 0xFF), 0xC0, 8, 0),
    }
    for name, data in refused.items():
        (HERE / f"refused_{name}.jpg").write_bytes(data)


# ----------------------------------------------------------------------------------------------------------------- PNG

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGB_ALPHA: 4}
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def chunk(kind, data, crc_error=0):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ crc_error)


def packed_rows(samples, depth):
    """samples (rows, columns, channels) as PNG packs them: (rows, bytes)."""
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        return numpy.stack([rows >> 8, rows & 255], axis=-1).reshape(rows.shape[0], -1).astype(numpy.uint8)
    bits = (rows[..., None] >> numpy.arange(depth - 1, -1, -1)) & 1
    return numpy.packbits(bits.reshape(rows.shape[0], -1).astype(numpy.uint8), axis=1)


def filtered(rows, step):
    """PNG's five filters in turn, so that each occurs; `step` is the bytes per pixel, at least 1."""
    out = bytearray()
    above = [0] * rows.shape[1]
    for y, row in enumerate(rows.tolist()):
        kind = y % 5
        out.append(kind)
        for x, value in enumerate(row):
            left, up, corner = (row[x - step] if x >= step else 0), above[x], (above[x - step] if x >= step else 0)
            estimate = left + up - corner
            paeth = min((abs(estimate - left), 0, left), (abs(estimate - up), 1, up), (abs(estimate - corner), 2, corner))
            out.append((value - (0, left, up, (left + up) // 2, paeth[2])[kind]) & 255)
        above = row
    return bytes(out)


def png(samples, colour, depth, interlaced=False, before=b"", idat_size=100, size=None):
    """A PNG of samples (rows, columns, channels); `before` goes before IDAT."""
    height, width = size or samples.shape[:2]
    step = max(1, CHANNELS[colour] * depth // 8)
    data = b""
    for row, column, row_step, column_step in ADAM7 if interlaced else ((0, 0, 1, 1),):
        reduced = samples[row::row_step, column::column_step]
        if reduced.size:
            data += filtered(packed_rows(reduced, depth), step)
    data = zlib.compress(data, 9)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before +
            b"".join(chunk(b"IDAT", data[i:i + idat_size]) for i in range(0, len(data), idat_size)) + chunk(b"IEND", b""))


def scaled(samples, depth):
    """Samples of any depth on the scale 0 to 255, rounded to nearest; exact for 1, 2, 4 and 8 bits."""
    most = (1 << depth) - 1
    return ((samples.astype(numpy.uint64) * 255 * 2 + most) // (2 * most)).astype(numpy.uint8)


def compare_to_pillow(name, data, expected):
    image = Image.open(io.BytesIO(data))
    image = image.convert("RGB").convert("L") if image.mode == "RGBA" else image.convert("L")
    assert (numpy.asarray(image) == expected).all(), name


def make_pngs():
    height, width = 21, 27
    random = numpy.random.RandomState(7)
    palette = random.randint(0, 256, (256, 3)).astype(numpy.uint8)
    for prefix, colour, depths in (("grey", GREY, (1, 2, 4, 8, 16)), ("grey_alpha", GREY_ALPHA, (8, 16)),
                                   ("rgb", RGB, (8, 16)), ("rgba", RGB_ALPHA, (8, 16)), ("palette", PALETTE, (1, 2, 4, 8))):
        for depth in depths:
            name = f"{prefix}{depth}"
            samples = random.randint(0, 1 << depth, (height, width, CHANNELS[colour]))
            samples[:4, :5] = samples[0, 0]  # and some that are flat
            before = b""
            if colour == PALETTE:
                before = chunk(b"PLTE", palette[:1 << depth].tobytes()) + chunk(b"tRNS", b"\0\x80")
                expected = luma(palette)[samples[..., 0]]
            elif colour in (RGB, RGB_ALPHA):
                expected = luma(scaled(samples[..., :3], depth))
            else:
                expected = scaled(samples[..., 0], depth)
            save_pgm(name, expected)
            for suffix, interlaced in (("", False), ("_interlaced", True)):
                data = png(samples, colour, depth, interlaced, before)
                (HERE / f"{name}{suffix}.png").write_bytes(data)
                if depth < 16:  # Pillow clips 16-bit grey and cuts 16-bit colour to its high byte
                    compare_to_pillow(name, data, expected)

    # Adam7 leaves passes empty in images this small.
    for rows, columns in ((1, 1), (1, 5), (5, 1), (2, 3)):
        samples = random.randint(0, 256, (rows, columns, 1))
        name = f"grey8_{columns}x{rows}"
        save_pgm(name, samples[..., 0].astype(numpy.uint8))
        (HERE / f"{name}_interlaced.png").write_bytes(png(samples, GREY, 8, True))

    # What must not change a pixel: gamma, a transparent grey, a text and a profile that inflate to 4 MB, a bad text CRC.
    samples = random.randint(0, 256, (9, 7, 1))
    bomb = zlib.compress(bytes(4 << 20), 9)
    before = (chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"iCCP", b"bomb\0\0" + bomb) +
              chunk(b"zTXt", b"bomb\0\0" + bomb) + chunk(b"tEXt", b"Comment\0bad CRC", 1) +
              chunk(b"tRNS", struct.pack(">H", samples[0, 0, 0])) + chunk(b"heLp", b"unknown"))
    (HERE / "grey8_ancillary.png").write_bytes(png(samples, GREY, 8, before=before))
    save_pgm("grey8_ancillary", samples[..., 0].astype(numpy.uint8))

    constant = numpy.tile([200, 100, 50, 10], (16, 16, 1))
    (HERE / "constant_rgba.png").write_bytes(png(constant, RGB_ALPHA, 8))

    few = chunk(b"PLTE", palette[:3].tobytes())
    indices = numpy.array([[[0], [1], [2]], [[2], [3], [0]]])  # 3 is one too many
    most = (1 << 31) - 1
    refused = {
        "palette_index": png(indices, PALETTE, 8, before=few),
        "palette_missing": png(indices, PALETTE, 8),
        "huge": png(samples, GREY, 8, size=(most, most)),
        "huge_interlaced": png(samples, GREY, 8, True, size=(most, most)),
        "few_rows": png(samples, GREY, 8, size=(10, 7)),
        "few_rows_interlaced": png(samples, GREY, 8, True, size=(16, 16)),
    }
    for name, data in refused.items():
        (HERE / f"refused_{name}.png").write_bytes(data)


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Palette images with Transparency")
    make_jpegs()
    make_pngs()
