"""Hostile files, first part: bombs, cut files, disguises, and the pixel layouts that trip readers."""

import struct
import zlib

import hostile_bytes as raw
import numpy as np
from hostile_bytes import ERROR, IMAGE, Table
from PIL import Image


def bombs(kind: Table) -> None:
    """Files that declare or unfold to more than their size."""
    kind("png_declares_2_gigapixels", ERROR, lambda: raw.png_header(46_000, 46_000))
    kind("png_declares_4_billion_columns", ERROR, lambda: raw.png_header(2**32 - 1, 2**32 - 1))
    kind("png_bomb_of_144_megapixels", ERROR, lambda: raw.png(12_000, 12_000))
    kind("png_flat_16_megapixels", IMAGE, lambda: raw.png(4_090, 4_090, color=2))
    kind("png_flat_16_megapixels_16_bit_alpha", IMAGE, lambda: raw.png(4_090, 4_090, color=6, depth=16))
    kind("png_flat_16_megapixels_16_bit_grey", IMAGE, lambda: raw.png(4_090, 4_090, depth=16))
    kind("gif_declares_4_gigapixels", ERROR, lambda: raw.encode("GIF").replace(b"\x40\0\x30\0", b"\xff" * 4, 1))
    kind("bmp_declares_2_billion_columns", ERROR, lambda: raw.bmp(2**31 - 1, 2**31 - 1, bytes(99)))
    kind("tiff_declares_10_gigapixels", ERROR, lambda: raw.grey_tiff(100_000, 100_000))
    kind("tiff_deflate_bomb", ERROR, lambda: _deflated_tiff(9_000))
    kind("tiff_deflate_flat_16_megapixels", IMAGE, lambda: _deflated_tiff(4_090))
    kind("tiff_float_16_megapixels", IMAGE, lambda: _deflated_tiff(4_090, bits=32, sample=3))
    kind("jpeg_declares_4_gigapixels", ERROR, lambda: raw.jpeg_patched(0xC0, 1, b"\xff\xdc\xff\xdc"))
    kind("webp_declares_280_terapixels", ERROR, raw.riff((b"VP8X", bytes(4) + b"\xff" * 6)))
    kind("strip_of_65535_by_1", ERROR, lambda: raw.png(65_535, 1))
    kind("strip_of_1_by_65535", ERROR, lambda: raw.grey_tiff(1, 65_535, pixels=bytes(65_535)))
    kind("bmp_run_length_bomb", ERROR, lambda: raw.bmp(4_090, 4_090, b"\xff\x77" * 70_400, bits=4, packing=2))
    kind("jpeg_progressive_of_3000_scans", ERROR, lambda: _many_scans(3_000))
    kind("jpeg_progressive_of_30_scans", IMAGE, lambda: _many_scans(24))
    kind("jpeg_of_100000_segments", ERROR, lambda: raw.encode("JPEG")[:-2] + b"\xff\xfe\0\x02" * 100_000 + b"\xff\xd9")


def _deflated_tiff(side: int, bits: int = 8, sample: int = 1) -> bytes:
    pixels = zlib.compress(bytes(side * side * bits // 8), 9)
    return raw.grey_tiff(side, side, (259, 3, 1, 8), bits=bits, sample=sample, pixels=pixels)


def _many_scans(more: int) -> bytes:
    """A 16 MP progressive picture, its last scan repeated: each repetition visits every block."""
    whole = raw.encode("JPEG", Image.new("L", (4_000, 4_000), 90), progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * more + b"\xff\xd9"


def cut(kind: Table) -> None:
    """Files of every format that end too early, or are damaged in the middle."""
    grey, bilevel = Image.fromarray(raw.picture()[..., 0]), Image.fromarray(raw.picture()[..., 0]).convert("1")
    files = {
        "jpeg": raw.encode("JPEG"),
        "jpeg_progressive": raw.encode("JPEG", progressive=True),
        "png": raw.encode("PNG"),
        "webp": raw.encode("WEBP"),
        "webp_lossless": raw.encode("WEBP", lossless=True),
        "avif": raw.encode("AVIF"),
        "gif": raw.encode("GIF"),
        "bmp": raw.encode("BMP"),
        "tiff": raw.grey_tiff(64, 48, pixels=grey.tobytes()),
        "tiff_deflate": raw.grey_tiff(64, 48, (259, 3, 1, 8), pixels=zlib.compress(grey.tobytes())),
        "tiff_lzw": raw.encode("TIFF", compression="tiff_lzw"),
        "tiff_jpeg": raw.encode("TIFF", compression="jpeg"),
        "tiff_fax": raw.encode("TIFF", bilevel, compression="group4"),
    }
    for name, data in files.items():
        for percent in (4, 50, 90):
            kind(f"{name}_cut_at_{percent}_percent", ERROR, data[: len(data) * percent // 100])
    kind("jpeg_without_its_end_marker", IMAGE, files["jpeg"][:-2])
    kind("jpeg_progressive_without_its_end_marker", ERROR, files["jpeg_progressive"][:-2])
    kind("jpeg_with_random_middle", IMAGE, lambda: _noisy(files["jpeg"]))
    kind("png_without_its_end_chunk", IMAGE, files["png"][:-12])
    for mark in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a", b"II*\0", b"MM\0+", b"RIFF\0\0\0\0WEBP"):
        kind(f"nothing_but_the_signature_{mark.hex()}", ERROR, mark)


def _noisy(data: bytes) -> bytes:
    middle, rng = len(data) * 2 // 3, np.random.default_rng(3)
    return data[:middle] + rng.integers(0, 255, 60, dtype=np.uint8).tobytes() + data[middle + 60 :]


def disguises(kind: Table) -> None:
    """Files that are something else, or two things at once."""
    kind(
        "jpeg_followed_by_zip",
        IMAGE,
        lambda: raw.encode("JPEG") + b"PK\x03\x04" + bytes(500) + b"PK\x05\x06" + bytes(18),
    )
    kind("gif_with_html", IMAGE, lambda: raw.encode("GIF") + b"<html><script>alert(1)</script></html>")
    kind("gif_comment_with_html", IMAGE, lambda: raw.encode("GIF", comment=b"*/=1;/*<script>alert(1)</script>"))
    kind("png_followed_by_php", IMAGE, lambda: raw.encode("PNG") + b"<?php system($_GET[0]); ?>")
    kind("pdf_holding_a_jpeg", ERROR, lambda: b"%PDF-1.7\n1 0 obj\nstream\n" + raw.encode("JPEG"))
    documents = {
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "svg_with_entities": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n(%pipe%id) (w) file\nshowpage\n",
        "eps_binary": b"\xc5\xd0\xd3\xc6" + struct.pack("<7I", 30, 50, 0, 0, 0, 0, 0) + b"%!PS-Adobe-3.0 EPSF-3.0",
        "pdf": b"%PDF-1.4\n%%EOF",
        "psd": b"8BPS\0\x01" + bytes(6) + b"\0\x03" + struct.pack(">IIHH", 9, 9, 8, 3) + bytes(99),
        "ico": b"\0\0\x01\0\x01\0" + bytes((16, 16, 0, 0, 1, 0, 32, 0)) + struct.pack("<II", 99, 22) + bytes(99),
        "html": b"<!DOCTYPE html><img src=x>",
        "zip": b"PK\x03\x04" + bytes(99),
        "ppm": b"P6 2 2 255 " + bytes(12),
        "text": b"not a photo\n" * 9,
        "bmp_in_name_only": b"BMW is a car maker. " * 9,
    }
    for name, data in documents.items():
        kind(f"{name}_named_jpg", ERROR, data)
    for wrong in ("PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"):
        kind(f"{wrong.lower()}_named_jpg", IMAGE, lambda wrong=wrong: raw.encode(wrong))
    kind("no_bytes_at_all", ERROR, b"")
    kind("a_megabyte_of_zeros", ERROR, bytes(2**20))
    kind("a_megabyte_of_noise", ERROR, lambda: np.random.default_rng(1).bytes(2**20))


def modes(kind: Table) -> None:
    """Sound files with uncommon pixels."""
    ramp = np.linspace(0, 1, 64 * 48).reshape(48, 64)
    floats = (ramp * 3 - 1).astype(np.float32)
    floats[:4, :8] = (np.nan, np.inf, -np.inf, 0, 1, 3e38, -3e38, 1e-40)
    kind("one_pixel", IMAGE, lambda: raw.png(1, 1))
    kind("cmyk_jpeg", IMAGE, lambda: raw.encode("JPEG", Image.fromarray(raw.picture()).convert("CMYK")))
    kind("ycck_jpeg", IMAGE, lambda: raw.ycck_jpeg((255, 0, 0), 0))
    kind("cmyk_tiff", IMAGE, lambda: raw.encode("TIFF", Image.fromarray(raw.picture()).convert("CMYK")))
    kind("lab_tiff", IMAGE, lambda: raw.encode("TIFF", Image.new("LAB", (9, 9), (120, 9, 9))))
    kind("grey_16_bit_png", IMAGE, lambda: raw.encode("PNG", Image.fromarray((ramp * 65535).astype(np.uint16))))
    kind("integer_32_bit_tiff", IMAGE, lambda: raw.encode("TIFF", Image.fromarray((ramp * 2e9).astype(np.int32))))
    kind("float_tiff_with_nan_and_infinity", IMAGE, lambda: raw.encode("TIFF", Image.fromarray(floats)))
    kind("float_tiff_of_nan", IMAGE, lambda: raw.encode("TIFF", Image.fromarray(np.full((9, 9), np.nan, np.float32))))
    transparent = Image.fromarray(raw.picture()).quantize(16)
    kind("palette_with_transparency", IMAGE, lambda: raw.encode("PNG", transparent, transparency=bytes(range(16))))
    kind("palette_of_two_for_index_zero_to_255", IMAGE, _short_palette)
    kind("palette_missing", ERROR, lambda: raw.png(9, 9, color=3))
    kind("grey_with_alpha", IMAGE, lambda: raw.png(9, 9, color=4))
    kind("one_bit", IMAGE, lambda: raw.png(9, 9, depth=1))
    for name, build in (("gif", raw.gif_animation), ("webp", raw.webp_animation), ("apng", raw.apng_animation)):
        kind(f"{name}_of_10000_frames", IMAGE, lambda build=build: build(10_000))


def _short_palette() -> bytes:
    chunk = raw.png_chunk(b"PLTE", b"\xff\0\0\0\xff\0")
    file = raw.encode("PNG", Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)))
    return (
        file[:25]
        + b"\x03"
        + file[26:29]
        + struct.pack(">I", zlib.crc32(file[12:25] + b"\x03" + file[26:29]))
        + chunk
        + file[33:]
    )
