#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes small pictures in every variant of their formats and what Pillow makes of them: the fixtures of
tests/unit/t_image.c.

    images.py OUT_DIR

OUT_DIR/expected.txt has a line a picture, `FILE WIDTH HEIGHT SHA256` of the RGB bytes that transformers' load_image
gives (exif_transpose, convert("RGB")), a line a resizing, `resize FILTER FILE WIDTH HEIGHT SHA256`, of Image.resize,
and a line a bad picture, `refused FILE format|limit`. The same Pillow writes the same bytes each time; it must be 13 or
later, whose order of the two passes of a resizing is new.
"""

import bz2
import gzip
import hashlib
import io
import itertools
import lzma
import pathlib
import struct
import sys
import tarfile
import warnings
import zipfile
import zlib

import numpy as np
from PIL import Image, ImageOps

# ---- pictures ----


def draw(width, height, channels=3, seed=0):
    """Smooth waves with some hard edges and a little noise: what codecs treat differently."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    noise = np.random.RandomState(seed).randint(-20, 21, (height, width, channels))
    planes = [127 + 90 * np.sin((x * (c + 1) + seed) / 7) * np.cos((y + 3 * c) / (5 + c)) for c in range(channels)]
    picture = np.stack(planes, axis=-1)
    picture[height // 3 : height // 3 + 4, :, 0] = 250
    picture[:, width // 2 : width // 2 + 2, channels - 1] = 5
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def saved(picture, form, **options):
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


# ---- EXIF and XMP ----


def exif_block(orientation, order="<", kind=3, count=1, offset=8):
    """A TIFF with one tag, the orientation."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + "HH", orientation, 0) if kind == 3 else struct.pack(order + "I", orientation)
    entry = struct.pack(order + "HHI", 0x0112, kind, count) + value
    padding = b"\0" * (offset - 8)
    return mark + struct.pack(order + "I", offset) + padding + struct.pack(order + "H", 1) + entry + b"\0" * 4


def xmp_packet(orientation):
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description tiff:Orientation="{orientation}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


# ---- JPEG by hand ----


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(jpeg, marker, body):
    """Puts a segment right after the start of the image."""
    return jpeg[:2] + segment(marker, body) + jpeg[2:]


def as_ycck(jpeg):
    """Says in the Adobe marker of a CMYK JPEG that the values are YCCK: another picture, but a valid one."""
    at = jpeg.index(b"Adobe")
    return jpeg[: at + 11] + b"\2" + jpeg[at + 12 :]


def without_adobe(jpeg):
    at = jpeg.index(b"\xff\xee\0\x0eAdobe")
    return jpeg[:at] + jpeg[at + 16 :]


def with_sampling(jpeg, sampling, width, height):
    """Another chroma sampling with as many blocks in a unit, and a size with as many units: a scrambled picture."""
    at = jpeg.index(b"\xff\xc0")
    size = struct.pack(">HH", height, width)
    return jpeg[: at + 5] + size + jpeg[at + 9 : at + 11] + bytes([sampling]) + jpeg[at + 12 :]


def jpegs():
    color = Image.fromarray(draw(53, 37))
    gray = Image.fromarray(draw(31, 29, 1)[:, :, 0])
    cmyk = Image.fromarray(draw(34, 27, 4), "CMYK")
    for name, sampling in {"420": 2, "422": 1, "444": 0}.items():
        yield f"baseline_{name}.jpg", saved(color, "JPEG", quality=85, subsampling=sampling)
        yield f"progressive_{name}.jpg", saved(color, "JPEG", quality=85, subsampling=sampling, progressive=True)
    yield "baseline_440.jpg", with_sampling(saved(color, "JPEG", subsampling=1), 0x12, 37, 53)
    yield "baseline_411.jpg", with_sampling(saved(color, "JPEG", subsampling=2), 0x41, 53, 45)
    yield "baseline_1x4.jpg", with_sampling(saved(color, "JPEG", subsampling=2), 0x14, 45, 53)
    yield "low_quality.jpg", saved(color, "JPEG", quality=5)
    yield "one_pixel.jpg", saved(color.crop((0, 0, 1, 1)), "JPEG")
    yield "one_row.jpg", saved(color.crop((0, 0, 53, 1)), "JPEG", subsampling=2)
    yield "one_column.jpg", saved(color.crop((0, 0, 1, 37)), "JPEG", subsampling=2)
    yield "gray.jpg", saved(gray, "JPEG", quality=90)
    yield "gray_progressive.jpg", saved(gray, "JPEG", quality=90, progressive=True)
    yield "cmyk.jpg", saved(cmyk, "JPEG", quality=90)
    yield "cmyk_without_adobe.jpg", without_adobe(saved(cmyk, "JPEG", quality=90))
    yield "ycck.jpg", as_ycck(saved(cmyk, "JPEG", quality=90))
    yield "rgb_kept.jpg", saved(color, "JPEG", quality=90, keep_rgb=True)
    yield "restart.jpg", saved(color, "JPEG", quality=85, restart_marker_blocks=2)
    yield "padded_end.jpg", saved(color, "JPEG")[:-2] + b"\0\0\0\0\xff\xd9"
    yield "behind_end.jpg", saved(color, "JPEG") + b"more bytes \xff\xd8\xff"
    for orientation in range(1, 9):
        exif = b"Exif\0\0" + exif_block(orientation)
        yield f"turned_{orientation}.jpg", saved(color.crop((0, 0, 21, 13)), "JPEG", exif=exif)
    small = saved(color.crop((0, 0, 21, 13)), "JPEG")
    blocks = {
        "big_endian": exif_block(6, ">"),
        "far": exif_block(6, offset=30),
        "long": exif_block(6, kind=4),
        "zero": exif_block(0),
        "nine": exif_block(9),
        "two_values": exif_block(6, count=2),
    }
    for name, block in blocks.items():
        yield f"exif_{name}.jpg", with_segment(small, 0xE1, b"Exif\0\0" + block)
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + xmp_packet(8)
    yield "xmp.jpg", with_segment(small, 0xE1, xmp)
    yield "xmp_behind_exif.jpg", with_segment(with_segment(small, 0xE1, xmp), 0xE1, b"Exif\0\0" + exif_block(3))


# ---- PNG by hand ----


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows, width, height, bits, color, before=b"", behind=b"", interlaced=False):
    """rows: the bytes behind each row's filter byte; for interlaced ones of each pass in turn."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced))
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", data) + behind + chunk(b"IEND", b"")


def packed(samples, bits):
    """Rows of whole numbers [height, values a row] as PNG packs them."""
    for row in samples:
        if bits == 16:
            yield row.astype(">u2").tobytes()
        elif bits == 8:
            yield row.astype(np.uint8).tobytes()
        else:
            flat = ((row[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8)
            yield np.packbits(flat.reshape(-1)).tobytes()


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def make_png(samples, bits, color, interlaced=False, **chunks):
    """samples: [height, width, channels] whole numbers."""
    height, width = samples.shape[:2]
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = []
    for x, y, dx, dy in passes:
        part = samples[y::dy, x::dx]
        if part.size:
            rows += packed(part.reshape(part.shape[0], -1), bits)
    return png(rows, width, height, bits, color, interlaced=interlaced, **chunks)


def palette(n):
    return chunk(b"PLTE", draw(n, 1, seed=9).tobytes())


def pngs():
    for color, all_bits in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for bits in all_bits:
            samples = np.random.RandomState(bits + color).randint(0, 1 << bits, (19, 23, CHANNELS[color]))
            if color == 0 and bits == 16:
                samples[::2] >>= 8  # Pillow cuts at 255
            before = palette(1 << bits) if color == 3 else b""
            for interlaced in (False, True):
                name = f"color{color}_{bits}bits{'_interlaced' if interlaced else ''}.png"
                yield name, make_png(samples, bits, color, interlaced, before=before)
    indices = np.random.RandomState(7).randint(0, 256, (11, 13, 1))
    yield "palette_trns.png", make_png(indices, 8, 3, before=palette(256) + chunk(b"tRNS", bytes(range(256))))
    yield "palette_short.png", make_png(indices % 5, 8, 3, before=palette(5) + chunk(b"tRNS", b"\0\x80"))
    yield "palette_outside.png", make_png(indices, 8, 3, before=palette(5))
    few = np.random.RandomState(8).randint(0, 16, (11, 13, 1))
    yield "palette4_trns.png", make_png(few, 4, 3, before=palette(16) + chunk(b"tRNS", b"\0\x80"))
    yield "gray_trns.png", make_png(indices, 8, 0, before=chunk(b"tRNS", b"\0\x10"))
    yield "gray16_trns.png", make_png(indices, 16, 0, before=chunk(b"tRNS", b"\0\x10"))
    rgb = draw(17, 11).astype(np.int64)
    yield "rgb_trns.png", make_png(rgb, 8, 2, before=chunk(b"tRNS", struct.pack(">3H", *rgb[3, 3])))
    yield "gamma.png", make_png(rgb, 8, 2, before=chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"sBIT", b"\5\6\5"))
    yield "interlaced_one_pixel.png", make_png(rgb[:1, :1], 8, 2, True)
    yield "interlaced_narrow.png", make_png(rgb[:, :3], 8, 2, True)
    yield "exif.png", make_png(rgb, 8, 2, before=chunk(b"eXIf", exif_block(6)))
    yield "exif_behind.png", make_png(rgb, 8, 2, behind=chunk(b"eXIf", exif_block(5, ">")))
    yield "xmp.png", make_png(rgb, 8, 2, before=chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet(7)))
    block = b"Exif\0\0" + exif_block(8)
    profile = f"\nexif\n{len(block):8}\n{block.hex()[:60]}\n{block.hex()[60:]}\n".encode()
    text = b"Raw profile type exif\0\0" + zlib.compress(profile)
    yield "raw_profile.png", make_png(rgb, 8, 2, before=chunk(b"zTXt", text))
    yield "filtered.png", saved(Image.fromarray(draw(41, 30)), "PNG", optimize=True)
    frames = [Image.fromarray(draw(15, 12, seed=s)) for s in range(3)]
    yield "animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:])


# ---- WebP ----


def riff(chunks):
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(d)) + d + b"\0" * (len(d) % 2) for k, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def payload(webp):
    """The chunk with the picture of a simple WebP."""
    size = struct.unpack("<I", webp[16:20])[0]
    return webp[12:16], webp[20 : 20 + size]


def small_first_frame(canvas_width, canvas_height, x, y, picture):
    """An animation whose first frame is smaller than the canvas."""
    def three(n):
        return struct.pack("<I", n)[:3]

    kind, data = payload(saved(picture, "WEBP", lossless=True))
    inner = kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    box = three(x // 2) + three(y // 2) + three(picture.width - 1) + three(picture.height - 1)
    frame = box + three(100) + b"\2" + inner
    header = b"\2\0\0\0" + three(canvas_width - 1) + three(canvas_height - 1)
    return riff([(b"VP8X", header), (b"ANIM", b"\xff\x80\x40\xff\0\0"), (b"ANMF", frame), (b"ANMF", frame)])


def webps():
    color = Image.fromarray(draw(45, 33))
    alpha = Image.fromarray(draw(26, 31, 4), "RGBA")
    yield "lossy.webp", saved(color, "WEBP", quality=80)
    yield "lossy_low.webp", saved(color, "WEBP", quality=5, method=6)
    yield "lossless.webp", saved(color, "WEBP", lossless=True)
    yield "lossy_alpha.webp", saved(alpha, "WEBP", quality=80)
    yield "lossy_alpha_exact.webp", saved(alpha, "WEBP", quality=80, exact=True)
    yield "lossless_alpha.webp", saved(alpha, "WEBP", lossless=True, exact=True)
    yield "odd.webp", saved(color.crop((0, 0, 1, 7)), "WEBP", quality=90)
    yield "exif.webp", saved(color, "WEBP", quality=80, exif=b"Exif\0\0" + exif_block(6))
    yield "exif_bare.webp", saved(color, "WEBP", quality=80, exif=exif_block(3, ">"))
    yield "xmp.webp", saved(color, "WEBP", quality=80, xmp=xmp_packet(8))
    frames = [Image.fromarray(draw(18, 14, seed=s)) for s in range(3)]
    yield "animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], exif=exif_block(6))
    yield "animated_small_frame.webp", small_first_frame(30, 20, 6, 4, Image.fromarray(draw(10, 8)))


# ---- what must be refused ----


def with_size(jpeg, width, height):
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]


def png_bomb(width, height):
    """Much larger than its file: the rows are all zero."""
    return png([b"\0" * 100], width, height, 8, 2)


def webp_canvas(width, height):
    kind, data = payload(saved(Image.fromarray(draw(8, 8)), "WEBP"))
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return riff([(b"VP8X", b"\0\0\0\0" + size), (kind, data)])


def refused():
    """Name, content, "format" or "limit". Names with `pillow_` in front are read by Pillow all the same."""
    jpeg = saved(Image.fromarray(draw(53, 37)), "JPEG", quality=85)
    progressive = saved(Image.fromarray(draw(53, 37)), "JPEG", quality=85, progressive=True)
    small = make_png(draw(17, 11).astype(np.int64), 8, 2)
    webp = saved(Image.fromarray(draw(45, 33)), "WEBP", lossless=True)
    yield "empty.jpg", b"", "format"
    yield "text.jpg", b"not found\n", "format"
    yield "page.jpg", b"<!DOCTYPE html><html><body>404</body></html>", "format"
    yield "magic_only.jpg", b"\xff\xd8\xff", "format"
    yield "header_only.jpg", jpeg[: jpeg.index(b"\xff\xda")], "format"
    yield "half.jpg", jpeg[: len(jpeg) * 2 // 3], "format"
    yield "half_progressive.jpg", progressive[: len(progressive) * 2 // 3], "format"
    yield "no_end.jpg", jpeg[:-2], "format"
    yield "two_layers.jpg", jpeg.replace(b"\xff\xc0\0\x11", b"\xff\xc0\0\x0e", 1), "format"
    yield "side_65535.jpg", with_size(jpeg, 65535, 65535), "limit"
    yield "pillow_side_60000.jpg", with_size(jpeg, 60000, 1), "limit"
    yield "pixels.jpg", with_size(jpeg, 30000, 30000), "limit"
    yield "no_size.jpg", with_size(jpeg, 0, 5), "format"
    yield "side_100000.png", png_bomb(100000, 10), "limit"
    yield "pixels.png", png_bomb(20000, 20000), "limit"
    yield "no_size.png", png_bomb(0, 5), "format"
    yield "bomb_within_limits.png", png_bomb(2000, 2000), "format"
    yield "half.png", small[: len(small) // 2], "format"
    yield "magic_only.png", small[:8], "format"
    yield "no_pixels.png", png([], 5, 5, 8, 2), "format"
    yield "bad_depth.png", png([b"\0" * 15] * 5, 5, 5, 3, 2), "format"
    yield "bad_stream.png", small[:60] + bytes(20) + small[80:], "format"
    yield "pillow_no_palette.png", make_png(np.zeros((5, 5, 1), int), 8, 3), "format"
    yield "header_checksum.png", bytes([*small[:29], small[29] ^ 1, *small[30:]]), "format"
    yield "half.webp", webp[: len(webp) // 2], "format"
    yield "magic_only.webp", webp[:12], "format"
    yield "broken.webp", webp[:30] + bytes(len(webp) - 30), "format"
    small_picture = Image.fromarray(draw(10, 8))
    yield "pillow_side_100000.webp", small_first_frame(100000, 10, 0, 0, small_picture), "limit"
    yield "pixels.webp", small_first_frame(16000, 16000, 6, 4, small_picture), "limit"
    yield "canvas.webp", webp_canvas(16000, 16000), "format"
    yield "frame_outside.webp", small_first_frame(12, 8, 6, 0, small_picture), "format"


# ---- archives ----

MEMBERS = (
    *("b/2.jpg", "a.png", "./b/10.JPEG", "b/notes.txt", "/c.webp"),
    *("gr\u00f6\u00dfe.jpg", "b/._2.jpg", "../out.jpg", "a.png"),
)


def tar(names, kind=tarfile.PAX_FORMAT):
    """Each member holds its place and its name; the second a.png is the one that counts."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        folder = tarfile.TarInfo("b.jpg")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for place, name in enumerate(names):
            data = f"{place} {name}".encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return out.getvalue()


def zipped(names):
    """The same members, each second one deflated; the second a.png is the one that counts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name is there twice is meant
        archive.writestr(zipfile.ZipInfo("b.jpg/"), "")
        for place, name in enumerate(names):
            how = zipfile.ZIP_DEFLATED if place % 2 else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name), f"{place} {name}", how)
        link = zipfile.ZipInfo("link.jpg")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


ZIP_FIELDS = {"flags": (8, 6, "<H"), "method": (10, 8, "<H"), "crc": (16, 14, "<I"), "size": (24, 22, "<I")}


def patched(data, name, **fields):
    """Writes fields of one member anew, in the directory and in front of its bytes (APPNOTE 4.3.7, 4.3.12)."""
    data, name = bytearray(data), name.encode()
    for signature, name_at, which in ((b"PK\1\2", 46, 0), (b"PK\3\4", 30, 1)):
        at = data.index(name) - name_at if which else data.rindex(name) - name_at
        assert data[at : at + 4] == signature
        for field, value in fields.items():
            offset, kind = ZIP_FIELDS[field][which], ZIP_FIELDS[field][2]
            struct.pack_into(kind, data, at + offset, value)
    return bytes(data)


def damaged_zip():
    """Every member has something else wrong with it, but the first and the last."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("a.png", "crc.png", "deflated.png", "encrypted.png", "impossible.png", "large.png", "long.png",
                     "method.png", "short.png", "stored.png", "z.png"):
            how = zipfile.ZIP_STORED if name in ("stored.png", "crc.png") else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), name * 100, how)
    data = patched(out.getvalue(), "crc.png", crc=1)
    data = patched(data, "deflated.png", crc=1)
    data = patched(data, "encrypted.png", flags=1)
    data = patched(data, "impossible.png", size=200 << 20)
    data = patched(data, "large.png", size=300 << 20)
    data = patched(data, "long.png", size=100)
    data = patched(data, "method.png", method=77)
    data = patched(data, "short.png", size=1000)
    return patched(data, "stored.png", size=5000)


def zstd_stored(data):
    """A zstd frame (RFC 8878) of blocks that are not compressed."""
    frame = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data))
    for at in range(0, len(data), 100000):
        block = data[at : at + 100000]
        frame += struct.pack("<I", len(block) << 3 | (at + 100000 >= len(data)))[:3] + block
    return frame


def archives():
    data = tar(MEMBERS)
    yield "plain.tar", data
    yield "gnu.tar", tar(MEMBERS, tarfile.GNU_FORMAT)
    yield "unsorted.tar.gz", gzip.compress(data, mtime=0)
    yield "unsorted.tar.bz2", bz2.compress(data)
    yield "unsorted.tar.xz", lzma.compress(data)
    yield "unsorted.tar.zst", zstd_stored(data)
    yield "bad_truncated.tar.gz", gzip.compress(data, mtime=0)[:-60]
    yield "bad_truncated.tar", data[:5000]
    data = zipped((*MEMBERS, "__MACOSX/._a.png"))
    yield "plain.zip", data
    yield "bad_truncated.zip", data[:500]
    yield "cp437.zip", zipped(("gr__e.jpg",)).replace(b"gr__e", b"gr\x94\xe1e")
    yield "damaged.zip", damaged_zip()
    yield "bad_other.7z", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(24)
    yield "bad_other.rar", b"Rar!\x1a\7\1\0" + bytes(24)


# ---- what Pillow makes of them ----

FILTERS = [Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS]
RESIZED = {
    "baseline_444.jpg": [
        *[(53, 37), (106, 74), (20, 15), (7, 5), (1, 1), (53, 10), (53, 80), (9, 37), (90, 37), (200, 3)],
        *[(54, 38), (54, 36), (54, 20), (45, 20), (44, 20), (52, 34), (52, 35), (20, 1)],  # which pass is first
    ],
    "one_pixel.jpg": [(1, 1), (5, 3), (1, 9), (9, 1)],
    "one_row.jpg": [(20, 7), (100, 1), (1, 20)],
    "one_column.jpg": [(7, 20), (1, 100), (20, 1)],
    "color2_8bits.png": [(336, 336), (275, 336), (22, 18), (24, 20)],
    "gray.jpg": [(3, 300), (300, 3), (29, 31)],
}


def load(data):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def line(picture):
    return f"{picture.width} {picture.height} {hashlib.sha256(picture.tobytes()).hexdigest()}\n"


def check_refused(name, data):
    try:
        load(data)
        if not name.startswith("pillow_"):
            print(f"{name}: Pillow reads this", file=sys.stderr)
    except (OSError, SyntaxError, ValueError, IndexError, Image.DecompressionBombError) as problem:
        if name.startswith("pillow_"):
            print(f"{name}: Pillow refuses this: {problem}", file=sys.stderr)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in archives():
        (folder / name).write_bytes(data)
    pictures = dict([*jpegs(), *pngs(), *webps()])
    with open(folder / "expected.txt", "w", encoding="utf-8") as expected:
        for name, data in pictures.items():
            (folder / name).write_bytes(data)
            expected.write(f"{name} {line(load(data))}")
        for name, sizes in RESIZED.items():
            picture = load(pictures[name])
            for how, size in itertools.product(FILTERS, sizes):
                expected.write(f"resize {how.name.lower()} {name} {line(picture.resize(size, how))}")
        for name, data, why in refused():
            (folder / f"bad_{name}").write_bytes(data)
            expected.write(f"refused bad_{name} {why}\n")
            check_refused(name, data)


if __name__ == "__main__":
    main()
