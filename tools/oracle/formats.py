#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small pictures in the formats other than JPEG, PNG and WebP, and what Pillow makes of them: the fixtures of
tests/unit/t_image_formats.c.

    formats.py OUT_DIR

OUT_DIR/expected.txt has lines as those of images.py, and `near FILE WIDTH HEIGHT MOST`: FILE.rgb holds Pillow's pixels,
from which none of ours is further than MOST in any color, since Debian's library of that format is an older one. HEIC is
read by pillow-heif.
"""

import base64
import io
import pathlib
import struct
import sys

import numpy as np
import pillow_heif
from images import chunk, draw, exif_block, line, load, png, saved, segment, xmp_packet
from PIL import Image

pillow_heif.register_heif_opener()
WIDTH, HEIGHT = 13, 9


def color(width=WIDTH, height=HEIGHT):
    return Image.fromarray(draw(width, height))


def gray():
    return Image.fromarray(draw(WIDTH, HEIGHT, 1)[:, :, 0])


def alpha():
    return Image.fromarray(draw(WIDTH, HEIGHT, 4), "RGBA")


def indexed(colors=256):
    return color().quantize(colors)


def gray16():
    """Half of it below 255, at which Pillow cuts."""
    values = np.random.RandomState(5).randint(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)
    values[::2] >>= 8
    return values


# ---- GIF ----


def lzw(indices, bits=8):
    """Codes of one width: the table is cleared before it has to grow."""
    codes, clear = [], 1 << bits
    for i, index in enumerate(indices):
        codes += [clear] if i % 100 == 0 else []
        codes.append(int(index))
    value = size = 0
    for code in [*codes, clear + 1]:
        value |= code << size
        size += bits + 1
    data = value.to_bytes((size + 7) // 8, "little")
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    return bytes([bits]) + blocks + b"\0"


def gif(screen, box, indices, *, palette=b"", local=b"", transparent=None, interlaced=False, behind=b""):
    """palette, local: 256 colors or none."""
    out = b"GIF89a" + struct.pack("<HHBBB", *screen, 0xF7 if palette else 0x70, 3, 0) + palette
    if transparent is not None:
        out += b"!\xf9\4" + struct.pack("<BHB", 1, 0, transparent) + b"\0"
    out += b"," + struct.pack("<HHHHB", *box, (0x87 if local else 0) | (0x40 if interlaced else 0)) + local
    return out + lzw(indices) + behind + b";"


def gifs():
    first, second = draw(256, 1, seed=3).tobytes(), draw(256, 1, seed=4).tobytes()
    indices = np.random.RandomState(1).randint(0, 256, WIDTH * HEIGHT)
    whole = (0, 0, WIDTH, HEIGHT)
    yield "saved.gif", saved(color(), "GIF")
    yield "global.gif", gif((WIDTH, HEIGHT), whole, indices, palette=first)
    yield "local.gif", gif((WIDTH, HEIGHT), whole, indices, palette=first, local=second)
    yield "only_local.gif", gif((WIDTH, HEIGHT), whole, indices, local=second)
    yield "no_palette.gif", gif((WIDTH, HEIGHT), whole, indices)
    yield "interlaced.gif", gif((WIDTH, HEIGHT), whole, indices, palette=first, interlaced=True)
    yield "transparent.gif", gif((WIDTH, HEIGHT), whole, indices, palette=first, transparent=7)
    yield "offset.gif", gif((20, 15), (3, 2, WIDTH, HEIGHT), indices, palette=first)
    yield "offset_transparent.gif", gif((20, 15), (3, 2, WIDTH, HEIGHT), indices, palette=first, transparent=9)
    yield "outside.gif", gif((10, 7), (3, 2, WIDTH, HEIGHT), indices, palette=first)
    short = bytearray(saved(indexed(4), "GIF", optimize=False))
    yield "few_colors.gif", bytes(short)
    yield "gray.gif", saved(gray(), "GIF")
    frames = [Image.fromarray(draw(WIDTH, HEIGHT, seed=s)) for s in range(3)]
    yield "animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


# ---- BMP ----


def bmp(header, rows, extra=b"", gap=b"", offset=None):
    """header: a DIB header; extra: masks or palette behind it."""
    at = 14 + len(header) + len(extra) + len(gap)
    return b"BM" + struct.pack("<IHHI", at + len(rows), 0, 0, at if offset is None else offset) + header + extra + gap + rows


def info(width, height, bits, compression=0, colors=0, size=40, masks=()):
    header = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, 0, 0, 0, colors, 0)
    return (header + struct.pack(f"<{len(masks)}I", *masks)).ljust(size, b"\0")


def raw_rows(width, height, bits, seed=0):
    stride = (width * bits + 31) // 32 * 4
    return np.random.RandomState(seed).randint(0, 256, height * stride).astype(np.uint8).tobytes()


def bmps():
    four, three = draw(256, 1, 4, seed=6).tobytes(), draw(256, 1, 3, seed=7).tobytes()
    w, h = WIDTH, HEIGHT
    for bits in (1, 4, 8):
        yield f"bits{bits}.bmp", bmp(info(w, h, bits), raw_rows(w, h, bits), four[: 4 << bits])
        core = struct.pack("<IHHHH", 12, w, h, 1, bits)
        yield f"os2_bits{bits}.bmp", bmp(core, raw_rows(w, h, bits), three[: 3 << bits])
    yield "os2_bits24.bmp", bmp(struct.pack("<IHHHH", 12, w, h, 1, 24), raw_rows(w, h, 24))
    yield "os2_version2.bmp", bmp(info(w, h, 8, size=64), raw_rows(w, h, 8), four)
    for bits in (16, 24, 32):
        yield f"bits{bits}.bmp", bmp(info(w, h, bits), raw_rows(w, h, bits))
    yield "black_and_white.bmp", saved(gray().convert("1"), "BMP")
    yield "gray.bmp", saved(gray(), "BMP")
    yield "rgba.bmp", saved(alpha(), "BMP")
    yield "top_down.bmp", bmp(info(w, -h, 24), raw_rows(w, h, 24))
    yield "few_colors.bmp", bmp(info(w, h, 8, colors=5), raw_rows(w, h, 8), four[:20])
    yield "offset_before_palette.bmp", bmp(info(w, h, 8), raw_rows(w, h, 8), four, offset=54)
    yield "gap.bmp", bmp(info(w, h, 24), raw_rows(w, h, 24), gap=b"gap")
    masks = {
        "565": (16, (0xF800, 0x7E0, 0x1F)),
        "555": (16, (0x7C00, 0x3E0, 0x1F)),
        "bgrx": (32, (0xFF0000, 0xFF00, 0xFF)),
        "xbgr": (32, (0xFF000000, 0xFF0000, 0xFF00)),
        "bgxr": (32, (0xFF000000, 0xFF00, 0xFF)),
        "zero": (32, (0, 0, 0)),
        "bgr": (24, (0xFF0000, 0xFF00, 0xFF)),
    }
    for name, (bits, mask) in masks.items():
        yield f"fields_{name}.bmp", bmp(info(w, h, bits, 3), raw_rows(w, h, bits), struct.pack("<3I", *mask))
    yield "version4.bmp", bmp(info(w, h, 32, 3, size=108, masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000)), raw_rows(w, h, 32))
    yield "version5.bmp", bmp(info(w, h, 16, 3, size=124, masks=(0xF800, 0x7E0, 0x1F, 0)), raw_rows(w, h, 16))
    rle8 = b"".join(bytes([5, i, 0, 3, 1, 2, 3, 0, 5, 9, 0, 0]) for i in range(4))
    rle8 += bytes([0, 2, 3, 1, 4, 77, 0, 0]) + bytes([13, 7, 0, 0]) * 2 + bytes([20, 8, 0, 0, 0, 1])
    yield "rle8.bmp", bmp(info(w, h, 8, 1), rle8, four)
    yield "rle8_top_down.bmp", bmp(info(w, -h, 8, 1), rle8, four)
    rle4 = bytes([13, 0x3A, 0, 0]) * 5 + bytes([0, 5, 0x12, 0x34, 0x50, 0, 8, 0x6F, 0, 0]) + bytes([13, 0x71, 0, 0]) * 3
    yield "rle4.bmp", bmp(info(w, h, 4, 2), rle4 + b"\0\1", four[:64])


# ---- TIFF ----


def tiff(tags, blocks, order="<", tiled=False):
    """A TIFF of one directory; tags: number to (kind, values). blocks: the strips or tiles."""
    sizes = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f"}
    out = (b"II*\0" if order == "<" else b"MM\0*") + b"\0\0\0\0"
    places = []
    for block in blocks:
        places.append(len(out))
        out += block + b"\0" * (len(block) % 2)
    tags = dict(tags)
    tags[324 if tiled else 273] = (4, places)
    tags[325 if tiled else 279] = (4, [len(b) for b in blocks])
    entries = b""
    for number, (kind, values) in sorted(tags.items()):
        value = struct.pack(f"{order}{len(values)}{sizes[kind]}", *values)
        if len(value) > 4:
            out += b"\0" * (len(out) % 2)
            value, place = struct.pack(order + "I", len(out)), value
            out += place
        entries += struct.pack(order + "HHI", number, kind, len(values)) + value.ljust(4, b"\0")
    at = len(out) + len(out) % 2
    return out[:4] + struct.pack(order + "I", at) + out[8:].ljust(at - 8, b"\0") + struct.pack(order + "H", len(tags)) + entries + b"\0" * 4


def plain_tags(bits, photometric, channels=1, width=WIDTH, height=HEIGHT):
    return {256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * channels), 259: (3, [1]), 262: (3, [photometric]), 277: (3, [channels]), 278: (4, [height])}


def rows_of(bits, channels=1, seed=0, width=WIDTH, height=HEIGHT):
    return np.random.RandomState(seed).randint(0, 256, height * ((width * channels * bits + 7) // 8)).astype(np.uint8).tobytes()


def tiffs():
    for name, picture in {"rgb": color(), "gray": gray(), "rgba": alpha(), "palette": indexed(), "bits1": gray().convert("1"), "cmyk": Image.fromarray(draw(WIDTH, HEIGHT, 4), "CMYK")}.items():
        yield f"{name}.tif", saved(picture, "TIFF")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg", "lzma", "zstd"):
        yield f"{compression}.tif", saved(color(), "TIFF", compression=compression)
    yield "lzw_predictor.tif", saved(color(), "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    yield "group4.tif", saved(gray().convert("1"), "TIFF", compression="group4")
    yield "big.tif", saved(color(), "TIFF", big_tiff=True)
    for bits in (1, 2, 4, 8):
        for photometric in (0, 1):
            yield f"gray{bits}_{photometric}.tif", tiff(plain_tags(bits, photometric), [rows_of(bits)])
        colors = np.random.RandomState(2).randint(0, 65536, 3 << bits).tolist()
        yield f"palette{bits}.tif", tiff({**plain_tags(bits, 3), 320: (3, colors)}, [rows_of(bits)])
    yield "fill_order.tif", tiff({**plain_tags(1, 1), 266: (3, [2])}, [rows_of(1)])
    values = gray16()
    yield "gray16.tif", tiff(plain_tags(16, 1), [values.astype("<u2").tobytes()])
    yield "gray16_big_endian.tif", tiff(plain_tags(16, 1), [values.astype(">u2").tobytes()], ">")
    yield "gray16_white.tif", tiff(plain_tags(16, 0), [values.astype("<u2").tobytes()])
    yield "gray16_lzw.tif", saved(Image.fromarray(values), "TIFF", compression="tiff_lzw")
    yield "gray_alpha.tif", tiff({**plain_tags(8, 1, 2), 338: (3, [2])}, [rows_of(8, 2)])
    yield "rgb16.tif", tiff(plain_tags(16, 2, 3), [rows_of(16, 3)])
    yield "rgb16_big_endian.tif", tiff(plain_tags(16, 2, 3), [rows_of(16, 3)], ">")
    for kind in (0, 1, 2):
        yield f"rgb_extra{kind}.tif", tiff({**plain_tags(8, 2, 4), 338: (3, [kind])}, [rows_of(8, 4)])
        yield f"rgb16_extra{kind}.tif", tiff({**plain_tags(16, 2, 4), 338: (3, [kind])}, [rows_of(16, 4)])
    yield "rgb_no_extra.tif", tiff(plain_tags(8, 2, 4), [rows_of(8, 4)])
    yield "cmyk16.tif", tiff(plain_tags(16, 5, 4), [rows_of(16, 4)])
    planes = [rows_of(8, 1, s) for s in range(3)]
    yield "planar.tif", tiff({**plain_tags(8, 2, 3), 284: (3, [2])}, planes)
    yield "planar_strips.tif", tiff({**plain_tags(8, 2, 3), 284: (3, [2]), 278: (4, [4])}, [p[i : i + 4 * WIDTH] for p in planes for i in range(0, 9 * WIDTH, 4 * WIDTH)])
    strips = rows_of(8, 3)
    yield "strips.tif", tiff({**plain_tags(8, 2, 3), 278: (4, [2])}, [strips[i : i + 6 * WIDTH] for i in range(0, len(strips), 6 * WIDTH)])
    tags = {k: v for k, v in plain_tags(8, 2, 3, 35, 20).items() if k != 278}
    tiles = [rows_of(8, 3, s, 16, 16) for s in range(6)]
    yield "tiles.tif", tiff({**tags, 322: (4, [16]), 323: (4, [16])}, tiles, tiled=True)
    tags = {k: v for k, v in plain_tags(8, 2, 3, 20, 10).items() if k != 278}
    planes = [rows_of(8, 1, s, 16, 16) for s in range(6)]
    yield "tiles_planar.tif", tiff({**tags, 284: (3, [2]), 322: (4, [16]), 323: (4, [16])}, planes, tiled=True)
    for orientation in range(1, 9):
        yield f"turned_{orientation}.tif", tiff({**plain_tags(8, 2, 3), 274: (3, [orientation])}, [rows_of(8, 3)])
    yield "turned_long.tif", tiff({**plain_tags(8, 2, 3), 274: (4, [6])}, [rows_of(8, 3)])
    yield "xmp.tif", tiff({**plain_tags(8, 2, 3), 700: (1, list(xmp_packet(8)))}, [rows_of(8, 3)])
    yield "turned_lzw.tif", saved(color(), "TIFF", compression="tiff_lzw", tiffinfo={274: 6})
    yield "pages.tif", saved(color(), "TIFF", save_all=True, append_images=[gray()])
    yield "ycbcr.tif", tiff({**plain_tags(8, 6, 3), 530: (3, [1, 1]), 259: (3, [32773])}, [packbits(rows_of(8, 3))])
    yield "jpeg_ycbcr.tif", saved(color().convert("YCbCr"), "TIFF", compression="jpeg", quality=90)


def packbits(data):
    return b"".join(bytes([len(data[i : i + 128]) - 1]) + data[i : i + 128] for i in range(0, len(data), 128))


# ---- PNM ----


def pnms():
    w, h = WIDTH, HEIGHT
    rng = np.random.RandomState(4)
    yield "p1.pbm", f"P1\n# bits\n{w} {h}\n".encode() + "\n".join("".join(map(str, row)) for row in rng.randint(0, 2, (h, w))).encode()
    yield "p2.pgm", f"P2 {w} {h} 100\n".encode() + " ".join(map(str, rng.randint(0, 101, w * h))).encode()
    yield "p2_wide.pgm", f"P2 {w} {h} 1000 ".encode() + " ".join(map(str, rng.randint(0, 1001, w * h) // rng.choice([1, 300], w * h))).encode()
    yield "p3.ppm", f"P3\n{w}\n{h}\n15\n".encode() + b" # comment\n".join(b" ".join(str(v).encode() for v in row) for row in rng.randint(0, 16, (h, 3 * w))) + b"\n"
    yield "p4.pbm", f"P4\n{w} {h}\n".encode() + rng.bytes(h * 2)
    yield "p5.pgm", f"P5\n{w} {h}\n255\n".encode() + rng.bytes(w * h)
    yield "p5_small.pgm", f"P5\n{w} {h}\n17\n".encode() + rng.randint(0, 30, w * h).astype(np.uint8).tobytes()
    yield "p5_16.pgm", f"P5\n{w} {h}\n65535\n".encode() + gray16().astype(">u2").tobytes()
    yield "p5_12.pgm", f"P5\n{w} {h}\n4095\n".encode() + (gray16() >> 8).astype(">u2").tobytes()
    yield "p6.ppm", f"P6 #x\n{w} {h} 255\n".encode() + rng.bytes(3 * w * h)
    yield "p6_1.ppm", f"P6\n{w} {h}\n1\n".encode() + rng.randint(0, 2, 3 * w * h).astype(np.uint8).tobytes()
    yield "p6_16.ppm", f"P6\n{w} {h}\n65535\n".encode() + rng.bytes(6 * w * h)
    yield "p6_10.ppm", f"P6\n{w} {h}\n1023\n".encode() + rng.randint(0, 1100, 3 * w * h).astype(">u2").tobytes()


# ---- JPEG 2000 ----


def jp2s():
    for name, picture in {"rgb": color(), "gray": gray(), "rgba": alpha(), "gray_alpha": alpha().convert("LA"), "gray16": Image.fromarray(gray16())}.items():
        yield f"{name}.jp2", saved(picture, "JPEG2000")
    yield "rgb.j2k", saved(color(), "JPEG2000", no_jp2=True)
    yield "lossy.jp2", saved(color(40, 30), "JPEG2000", irreversible=True, quality_mode="dB", quality_layers=[40])
    yield "tiles.jp2", saved(color(40, 30), "JPEG2000", tile_size=(16, 16))
    yield "no_mct.jp2", saved(color(), "JPEG2000", mct=0)
    yield "palette.jp2", with_palette(saved(gray(), "JPEG2000"))


def with_palette(jp2):
    """Gray values become indices: boxes pclr and cmap in the header."""
    colors = draw(256, 1, seed=5).tobytes()
    pclr = struct.pack(">I4sHB3B", 8 + 6 + len(colors), b"pclr", 256, 3, 7, 7, 7) + colors
    cmap = struct.pack(">I4s", 20, b"cmap") + bytes([0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 2])
    at = jp2.index(b"jp2h") - 4
    size = struct.unpack(">I", jp2[at : at + 4])[0]
    header = jp2[at + 8 : at + size].replace(struct.pack(">I", 17), struct.pack(">I", 16))
    return jp2[:at] + struct.pack(">I4s", size + len(pclr) + len(cmap), b"jp2h") + header + pclr + cmap + jp2[at + size :]


# ---- AVIF and HEIC ----


def without_times(film):
    """When it was made stands in three kinds of boxes, behind their version."""
    film = bytearray(film)
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        at = film.index(kind) + 8
        n = 16 if film[at - 4] == 1 else 8
        film[at : at + n] = bytes(n)
    return bytes(film)


# 10 bits, 4:2:0, with alpha, which Pillow does not write: by avifenc 0.11.1 -d 10 -y 420, of draw(14, 10, 4).
TEN_BITS = """
AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAAGNbWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2
aWYAAAAADnBpdG0AAAAAAAEAAAAsaWxvYwAAAABEAAACAAEAAAABAAAC4wAAADwAAgAAAAEAAAG1AAABLgAAAEJpaW5mAAAAAAACAAAAGmlu
ZmUCAAAAAAEAAGF2MDFDb2xvcgAAAAAaaW5mZQIAAAAAAgAAYXYwMUFscGhhAAAAABppcmVmAAAAAAAAAA5hdXhsAAIAAQABAAAAw2lwcnAA
AACdaXBjbwAAABRpc3BlAAAAAAAAAA4AAAAKAAAAEHBpeGkAAAAAAwoKCgAAAAxhdjFDgQBMAAAAABNjb2xybmNseAABAA0ABoAAAAAOcGl4
aQAAAAABCgAAAAxhdjFDgQBcAAAAADhhdXhDAAAAAHVybjptcGVnOm1wZWdCOmNpY3A6c3lzdGVtczphdXhpbGlhcnk6YWxwaGEAAAAAHmlw
bWEAAAAAAAAAAgABBAECgwQAAgQBBYYHAAABcm1kYXQSAAoFGAz2WNQyogIQADnC9//XOTMScVlh7e2jVVB7AcSvYrKyK/tWJ0j/q+H/xlWn
hA7HBkW0WZA2LHV09xf1g+KCkEXnZHW3n4glrzUCp0mQxUPcDgwaX/5+WaKkxkIK2Uj6RyPdTIPCKMCaN8FBNHwcDH3A4ygMeBhJpDIvWszu
W+sblahBf32vKYfoD9rM+dXnZ+60Jko7toF16JT5XW5Msco8xF3mh+yUIGRHpIvY0wxqtI+twGTl8+rMcfkLKuJLmtMv6uXKJEH1y2fNcK6A
cJmFzA6zH8zO661keWna0aslFkSWU00YwZLPPv9XjBjjLFhZnwniKbKgGCCBHR/Y/C+zo/V9wwAbnUcH3PeRNLM7Y+3ttiRDTrQybSCe258k
oXQxoOd4YYYbEhIACgkYDPZYoCGg0IAyLRjAEUUURACK1+ISpADHjc9Ho8WCPOqRU1NNQSLFxXR8L7Uq5/iO6BTxCP5UMA==
"""


def avifs():
    yield "10bits.avif", base64.b64decode(TEN_BITS)
    wide = color(40, 30)
    for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:0:0"):
        yield f"{sampling.replace(':', '')}.avif", saved(wide, "AVIF", subsampling=sampling, quality=90)
    yield "alpha.avif", saved(Image.fromarray(draw(40, 30, 4), "RGBA"), "AVIF", quality=90)
    yield "premultiplied.avif", saved(Image.fromarray(draw(40, 30, 4), "RGBA"), "AVIF", quality=90, alpha_premultiplied=True)
    yield "lossless.avif", saved(wide, "AVIF", quality=100, subsampling="4:4:4", advanced={}, range="full")
    for orientation in range(1, 9):
        yield f"turned_{orientation}.avif", saved(wide, "AVIF", quality=80, subsampling="4:4:4", exif=b"Exif\0\0" + exif_block(orientation))
    frames = [Image.fromarray(draw(WIDTH, HEIGHT, seed=s)) for s in range(3)]
    animated = saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], subsampling="4:4:4")
    yield "animated.avif", without_times(animated)
    yield "xmp.avif", saved(wide, "AVIF", quality=80, subsampling="4:4:4", xmp=xmp_packet(8))


def heics():
    """Of several pixels a chroma sample, and of alpha, Debian's libheif rounds otherwise than pillow-heif's: see near()."""
    wide = color(32, 24)
    yield "444.heic", saved(wide, "HEIF", quality=80, chroma="444")
    yield "gray.heic", saved(Image.fromarray(draw(32, 24, 1)[:, :, 0]), "HEIF", quality=80)
    for orientation in range(1, 9):
        exif = b"Exif\0\0" + exif_block(orientation)
        yield f"turned_{orientation}.heic", saved(wide, "HEIF", quality=60, chroma="444", exif=exif)


def near():
    """Name, content, and how far our pixels may be from these."""
    yield "420.heic", saved(color(32, 24), "HEIF", quality=80, chroma="420"), 1
    yield "alpha.heic", saved(Image.fromarray(draw(32, 24, 4), "RGBA"), "HEIF", quality=80), 1


# ---- damage that Pillow overlooks ----


def overlooked():
    """What is wrong with these leaves the picture whole, or as whole as restart markers make it."""
    picture = Image.fromarray(draw(53, 37))
    jpeg = saved(picture, "JPEG", quality=85)
    restart = saved(picture, "JPEG", quality=85, restart_marker_blocks=2)
    at = jpeg.index(b"\xff\xdb")
    yield "junk_before_header.jpg", jpeg[:at] + b"junk" + jpeg[at:]
    yield "jfif_version.jpg", jpeg.replace(b"JFIF\0\1\1", b"JFIF\0\2\1", 1)
    yield "other_restart.jpg", restart.replace(b"\xff\xd1", b"\xff\xd5", 1)
    yield "swapped_restarts.jpg", restart.replace(b"\xff\xd1", b"\xff\xd2", 1)
    yield "lost_restart.jpg", restart.replace(b"\xff\xd1", b"", 1)
    for kind, name in {3: "short", 4: "long", 8: "signed_short", 9: "signed_long"}.items():
        block = b"Exif\0\0" + exif_block(6, kind={8: 3, 9: 4}.get(kind, kind)).replace(
            struct.pack("<HH", 0x0112, {8: 3, 9: 4}.get(kind, kind)), struct.pack("<HH", 0x0112, kind)
        )
        yield f"exif_{name}.jpg", jpeg[:2] + segment(0xE1, block) + jpeg[2:]
    rows = [bytes(row) for row in draw(5, 4).reshape(4, 15)]
    for name in (b"ABCD", b"QuUX"):
        yield f"unknown_{name.decode()}.png", png(rows, 5, 4, 8, 2, before=chunk(name, b"x"))
    yield "unknown_behind.png", png(rows, 5, 4, 8, 2, behind=chunk(b"ABCD", b"x") + chunk(b"eXIf", exif_block(6)))


# ---- what must be refused ----


def codestream(size, tile, style, behind=b""):
    """Gray, without anything packed. style: progression, layers, levels, sides of blocks, .. as in the segment COD;
    behind: segments in the header of the first tile."""

    def segment_of(marker, body):
        return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body

    out = b"\xff\x4f" + segment_of(0x51, struct.pack(">H8IH", 0, *size, 0, 0, *tile, 0, 0, 1) + bytes([7, 1, 1]))
    out += segment_of(0x52, style) + segment_of(0x5C, bytes([0x40, 8 << 3]))
    return out + segment_of(0x90, struct.pack(">HIBB", 0, 0, 0, 1)) + behind + b"\xff\x93" + bytes(50) + b"\xff\xd9"


def jp2_bombs():
    """OpenJPEG takes memory for every tile and block of these, tens of gigabytes for the larger ones."""
    usual, tiny = bytes([0, 0, 0, 1, 0, 0, 4, 4, 0, 1]), bytes([1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0])
    size = (8000, 8000)
    yield "blocks.j2k", codestream(size, size, tiny)
    yield "blocks_of_a_tile.j2k", codestream(size, size, usual, b"\xff\x52" + struct.pack(">H", len(tiny) + 2) + tiny)
    yield "blocks_behind_unknown.j2k", codestream(size, size, tiny).replace(b"\xff\x52", b"\xff\x30\xff\x52")
    yield "tiles.j2k", codestream(size, (40, 40), usual)
    jp2 = with_palette(saved(gray(), "JPEG2000"))
    at = jp2.index(b"pclr") + 6
    yield "palette.jp2", jp2[:at] + b"\xff" + jp2[at + 1 :]


def golomb(bits, at):
    zeros = bits.index("1", at) - at
    return int(bits[at + zeros : at + 2 * zeros + 1], 2) - 1, at + 2 * zeros + 1


def large_within(heic):
    """HEVC's own size becomes 32768 x 32768, and stays in as many bytes: what follows it is cut off."""
    at = heic.index(b"\x42\x01\x01")  # the sequence parameter set
    size = struct.unpack(">H", heic[at - 2 : at])[0]
    raw = heic[at : at + size].replace(b"\0\0\3", b"\0\0")
    bits = "".join(f"{byte:08b}" for byte in raw)
    _, sizes = golomb(bits, 8 * (2 + 1 + 12))
    chroma, sizes = golomb(bits, sizes)
    large = f"{32769:031b}" * 2
    bits = bits[: sizes + (chroma == 3)] + large + bits[sizes:]
    new = bytes(int(bits[i : i + 8], 2) for i in range(0, 8 * len(raw), 8))
    escaped = new.replace(b"\0\0\0", b"\0\0\3\0").replace(b"\0\0\1", b"\0\0\3\1")
    return heic[:at] + escaped[:size].ljust(size, b"\xff") + heic[at + size :]



def refused():
    """Name, content, "format" or "limit"."""
    large = (20000, 20000)
    rows = rows_of(8, 3)
    yield "bomb.gif", gif(large, (0, 0, WIDTH, HEIGHT), [0] * WIDTH * HEIGHT), "limit"
    yield "early_end.gif", gif((WIDTH, HEIGHT), (0, 0, WIDTH, HEIGHT), [0] * 20), "format"
    yield "no_frame.gif", b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0, 0, 0) + b";", "format"
    yield "bomb.bmp", bmp(info(*large, 1), b"", b"\0" * 8), "limit"
    yield "negative.bmp", bmp(info(-5, 5, 24), b"\0" * 1000), "limit"
    yield "no_such_depth.bmp", bmp(info(WIDTH, HEIGHT, 5), rows), "format"
    yield "jpeg_within.bmp", bmp(info(WIDTH, HEIGHT, 24, 4), rows), "format"
    yield "odd_fields.bmp", bmp(info(4, 4, 16, 3), b"\0" * 32, struct.pack("<3I", 0xF00, 0xF0, 0xF)), "format"
    yield "many_colors.bmp", bmp(info(4, 4, 8, colors=1 << 31), b"\0" * 32), "format"
    yield "short_rle.bmp", bmp(info(WIDTH, HEIGHT, 8, 1), bytes([5, 1, 0, 1]), b"\0" * 1024), "format"
    yield "bomb.tif", tiff(plain_tags(8, 2, 3, *large), [rows]), "limit"
    yield "large_tile.tif", tiff({**plain_tags(8, 2, 3), 322: (4, [1 << 20]), 323: (4, [1 << 20])}, [rows], tiled=True), "limit"
    yield "float.tif", tiff({**plain_tags(32, 1), 339: (3, [3])}, [rows_of(32)]), "format"
    yield "signed.tif", tiff({**plain_tags(16, 1), 339: (3, [2])}, [rows_of(16)]), "format"
    yield "bits12.tif", tiff(plain_tags(12, 1), [rows_of(12)]), "format"
    yield "lab.tif", tiff(plain_tags(8, 8, 3), [rows]), "format"
    yield "many_channels.tif", tiff(plain_tags(8, 2, 100), [rows_of(8, 100)]), "format"
    yield "no_palette.tif", tiff(plain_tags(4, 3), [rows_of(4)]), "format"
    yield "short_strip.tif", tiff(plain_tags(8, 2, 3), [rows[:50]]), "format"
    yield "bomb.ppm", b"P6 20000 20000 255\n", "limit"
    yield "long_number.ppm", b"P6 00000000000013 9 255\n" + rows, "format"
    yield "no_range.ppm", b"P6 13 9 0\n" + rows, "format"
    yield "above_range.pgm", b"P2 2 2 10\n1 2 3 11\n", "format"
    yield "not_a_bit.pbm", b"P1 2 2\n0 1 2 1\n", "format"
    jp2 = saved(color(), "JPEG2000", no_jp2=True)
    yield "bomb.j2k", jp2[:8] + struct.pack(">II", *large) + jp2[16:24] + struct.pack(">II", *large) + jp2[32:], "limit"
    yield "five_channels.j2k", jp2[:40] + b"\0\5" + jp2[42:], "format"
    for name, data in jp2_bombs():
        yield name, data, "limit"
    avif = saved(color(), "AVIF")
    at = avif.index(b"ispe") + 8
    yield "bomb.avif", avif[:at] + struct.pack(">II", *large) + avif[at + 8 :], "format"
    heic = saved(color(32, 24), "HEIF")
    at = heic.index(b"ispe") + 8
    yield "bomb.heic", heic[:at] + struct.pack(">II", *large) + heic[at + 8 :], "limit"
    yield "large_within.heic", large_within(heic), "limit"


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "expected.txt", "w", encoding="utf-8") as expected:
        for make in (gifs, bmps, tiffs, pnms, jp2s, avifs, heics, overlooked):
            for name, data in make():
                (folder / name).write_bytes(data)
                expected.write(f"{name} {line(load(data))}")
        for name, data, most in near():
            picture = load(data)
            (folder / name).write_bytes(data)
            (folder / f"{name}.rgb").write_bytes(picture.tobytes())
            expected.write(f"near {name} {picture.width} {picture.height} {most}\n")
        for name, data, why in refused():
            (folder / f"bad_{name}").write_bytes(data)
            expected.write(f"refused bad_{name} {why}\n")


if __name__ == "__main__":
    main()
