"""Hostile files, second part: metadata and structure that no encoder would write, format by format."""

import struct
import zlib
from itertools import product

import hostile_bytes as raw
import numpy as np
from hostile_bytes import ERROR, IMAGE, Table
from PIL import Image, ImageCms

_EXIF_IFD, _ORIENTATION = 0x8769, 0x0112


def exif(kind: Table) -> None:
    """EXIF of every orientation, in loops, and of absurd size."""
    for value in (*range(10), 65_535):
        entry = (_ORIENTATION, 3, 1, value)
        kind(f"exif_orientation_{value}", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xE1, raw.exif(entry))))
    text = (_ORIENTATION, 2, 9, b"sideways\0")
    kind("exif_orientation_as_text", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xE1, raw.exif(text))))
    loop = raw.exif((_EXIF_IFD, 4, 1, 8), (_ORIENTATION, 3, 1, 6), next_ifd=8)
    kind("exif_loop", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xE1, loop)))
    kind("exif_loop_in_png", IMAGE, raw.png(9, 9, raw.png_chunk(b"eXIf", loop[6:])))
    endless = raw.exif((0x9003, 2, 2**32 - 1, 8), (_EXIF_IFD, 4, 1, 2**32 - 1))
    kind("exif_of_4_gigabytes_by_count", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xE1, endless)))
    kind("exif_cut_off", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xE1, loop[:20])))
    kind(
        "exif_of_noise", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xE1, b"Exif\0\0" + np.random.default_rng(2).bytes(999)))
    )
    block = raw.jpeg_segment(0xE1, b"Exif\0\0" + bytes(65_000))
    kind("exif_of_20_megabytes", ERROR, lambda: raw.jpeg_with(*[block] * 310))
    kind("exif_of_20_megabytes_in_webp", IMAGE, lambda: _webp_with(b"EXIF", bytes(20 * 2**20), flag=8))
    packet = b"http://ns.adobe.com/xap/1.0/\0" + b"<x/>" * 16_000
    kind("xmp_of_20_megabytes", ERROR, lambda: raw.jpeg_with(*[raw.jpeg_segment(0xE1, packet)] * 320))
    kind("xmp_of_3_megabytes", IMAGE, lambda: raw.jpeg_with(*[raw.jpeg_segment(0xE1, packet)] * 46))


def _webp_with(name: bytes, data: bytes, flag: int) -> bytes:
    still = raw.encode("WEBP", Image.new("RGB", (8, 8), (9, 99, 9)))
    body = still[20 : 20 + struct.unpack_from("<I", still, 16)[0]]
    return raw.riff((b"VP8X", bytes((flag, 0, 0, 0, 7, 0, 0, 7, 0, 0))), (still[12:16], body), (name, data))


def profiles(kind: Table) -> None:
    """Color profiles that are broken, of the wrong kind, or huge."""
    good = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kind("icc_of_noise", IMAGE, raw.jpeg_with(*raw.icc_segments(np.random.default_rng(4).bytes(3_000))))
    kind("icc_cut_off", IMAGE, raw.jpeg_with(*raw.icc_segments(good[: len(good) // 2])))
    kind("icc_with_zeroed_tags", IMAGE, raw.jpeg_with(*raw.icc_segments(good[:132] + bytes(len(good) - 132))))
    kind("icc_with_missing_segments", IMAGE, raw.jpeg_with(*raw.icc_segments(good * 9, 500)[1:]))
    kind("icc_of_16_megabytes", ERROR, lambda: raw.jpeg_with(*raw.icc_segments(good + bytes(17 * 2**20))))
    kind("icc_of_20_megabytes_in_webp", IMAGE, lambda: _webp_with(b"ICCP", bytes(20 * 2**20), flag=32))
    inks = raw.encode("JPEG", Image.new("CMYK", (9, 9), (9, 99, 9, 9)))
    kind("icc_of_rgb_on_cmyk", IMAGE, raw.jpeg_with(*raw.icc_segments(good), base=inks))
    packed = zlib.compress(bytes(200 * 2**20), 9)
    kind("icc_zip_bomb_in_png", ERROR, raw.png(9, 9, raw.png_chunk(b"iCCP", b"x\0\0" + packed)))
    kind("text_zip_bomb_in_png", ERROR, raw.png(9, 9, raw.png_chunk(b"zTXt", b"x\0\0" + packed)))
    kind("utf8_zip_bomb_in_png", ERROR, raw.png(9, 9, raw.png_chunk(b"iTXt", b"x\0\1\0\0\0" + packed)))


def png(kind: Table) -> None:
    """Chunks out of order, out of range and out of number."""
    good = raw.encode("PNG")
    kind("png_header_checksum_wrong", ERROR, good[:29] + b"\0\0\0\0" + good[33:])
    at = good.index(b"IDAT")
    length = int.from_bytes(good[at - 4 : at], "big")
    kind("png_pixels_checksum_wrong", IMAGE, good[: at + 4 + length] + b"\0\0\0\0" + good[at + 8 + length :])
    kind("png_pixels_damaged", ERROR, good[: at + 9] + bytes(20) + good[at + 29 :])
    kind("png_of_width_zero", ERROR, raw.png_header(0, 9))
    kind("png_of_height_zero", ERROR, raw.png_header(9, 0))
    kind("png_of_depth_77", ERROR, _with_header(good, 24, 77))
    kind("png_of_unknown_interlacing", IMAGE, _with_header(good, 28, 0))
    kind("png_chunk_of_2_gigabytes", ERROR, good[:33] + struct.pack(">I", 2**31 - 1) + b"tEXt" + good[41:])
    kind("png_without_pixels", ERROR, good[: at - 4] + raw.png_chunk(b"IEND"))
    kind("png_of_300000_empty_chunks", ERROR, lambda: raw.png(9, 9, raw.png_chunk(b"teSt") * 300_000))
    kind("png_of_300000_chunks_behind", ERROR, lambda: raw.png(9, 9, tail=raw.png_chunk(b"teSt") * 300_000))
    kind("png_of_300000_empty_pixel_chunks", ERROR, lambda: raw.png(9, 9, raw.png_chunk(b"IDAT") * 300_000))
    kind("png_text_of_20_megabytes", ERROR, lambda: raw.png(9, 9, raw.png_chunk(b"tEXt", b"x\0" + b"y" * 20 * 2**20)))
    for word in (b"transparency", b"icc_profile", b"exif", b"xmp", b"Raw profile type exif", b"interlace"):
        kind(
            f"png_text_called_{word.decode().replace(' ', '_')}",
            IMAGE,
            raw.png(9, 9, raw.png_chunk(b"tEXt", word + b"\0y")),
        )
    kind("png_text_called_bbox", ERROR, raw.png(9, 9, raw.png_chunk(b"tEXt", b"bbox\0y")))
    kind("png_transparency_too_short", ERROR, raw.png(9, 9, raw.png_chunk(b"tRNS", b"\0")))


def _with_header(data: bytes, at: int, value: int) -> bytes:
    head = data[12:at] + bytes((value,)) + data[at + 1 : 29]
    return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]


def jpeg(kind: Table) -> None:
    """Segments that contradict each other or the picture."""
    good = raw.encode("JPEG")
    kind("jpeg_of_0_components", ERROR, raw.jpeg_patched(0xC0, 5, b"\0"))
    kind("jpeg_of_200_components", ERROR, raw.jpeg_patched(0xC0, 5, b"\xc8"))
    kind("jpeg_of_12_bits", ERROR, raw.jpeg_patched(0xC0, 0, b"\x0c"))
    kind("jpeg_of_height_zero", ERROR, raw.jpeg_patched(0xC0, 1, b"\0\0"))
    kind("jpeg_of_absurd_sampling", ERROR, raw.jpeg_patched(0xC0, 7, b"\xff"))
    kind("jpeg_with_a_huge_restart_interval", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xDD, b"\xff\xff")))
    kind("jpeg_with_missing_restart_markers", IMAGE, raw.jpeg_with(raw.jpeg_segment(0xDD, b"\0\x01")))
    kind("jpeg_without_a_quantization_table", ERROR, good.replace(b"\xff\xdb", b"\xff\xec"))
    kind("jpeg_without_a_huffman_table", IMAGE, good.replace(b"\xff\xc4", b"\xff\xec"))  # the standard ones are known
    for marker, name in ((0xDB, "quantization"), (0xC4, "huffman")):
        at = good.index(bytes((0xFF, marker)))
        kind(f"jpeg_with_a_{name}_table_of_noise", ERROR, good[: at + 4] + b"\xf7" * 60 + good[at + 64 :])
    kind("jpeg_lossless_marker", ERROR, good.replace(b"\xff\xc0", b"\xff\xc3", 1))
    kind("jpeg_with_two_frames", ERROR, _doubled_frame(good))
    kind("jpeg_of_a_million_fill_bytes", ERROR, lambda: good[:2] + b"\xff" * 2**20 + good[2:])
    kind("jpeg_of_100000_comments", ERROR, lambda: raw.jpeg_with(raw.jpeg_segment(0xFE, b"") * 100_000))
    kind("jpeg_segment_of_length_zero", IMAGE, good[:2] + b"\xff\xe5\0\0" + good[2:])
    kind(
        "jpeg_that_points_at_missing_frames",
        IMAGE,
        raw.jpeg_with(raw.jpeg_segment(0xE2, b"MPF\0II*\0\x08\0\0\0" + b"\xff" * 40)),
    )


def _doubled_frame(data: bytes) -> bytes:
    at = data.index(b"\xff\xc0")
    frame = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
    return data[:at] + frame + frame + data[at + len(frame) :]


def tiff(kind: Table) -> None:
    """Directories that loop, lie and multiply."""
    many = struct.pack("<9999I", *range(9_999))
    kind("tiff_ifd_loop", IMAGE, raw.grey_tiff(9, 9)[:130] + b"\x08\0\0\0" + raw.grey_tiff(9, 9)[134:])
    kind("tiff_exif_loop", IMAGE, raw.grey_tiff(9, 9, (_EXIF_IFD, 4, 1, 8)))
    kind("tiff_directory_beyond_the_end", ERROR, b"II*\0\xff\xff\xff\x7f" + bytes(99))
    kind("tiff_directory_in_the_header", ERROR, b"II*\0\0\0\0\0" + bytes(99))
    kind("tiff_of_60000_entries", ERROR, b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + b"\x99" * 720_000)
    kind(
        "tiff_of_5_million_strips", ERROR, lambda: raw.grey_tiff(9, 9, (273, 4, 5_000_000, many * 501), (278, 4, 1, 1))
    )
    kind("tiff_with_a_tag_of_4_billion_numbers", ERROR, raw.grey_tiff(9, 9, (258, 3, 2**32 - 1, 8)))
    kind("tiff_of_60000_samples", ERROR, raw.grey_tiff(9, 9, (277, 3, 1, 60_000)))
    kind(
        "tiff_of_a_tile_of_4_gigapixels",
        ERROR,
        raw.grey_tiff(9, 9, (322, 4, 1, 65_536), (323, 4, 1, 65_536), (259, 3, 1, 5)),
    )
    kind("tiff_of_unknown_compression", ERROR, raw.grey_tiff(9, 9, (259, 3, 1, 999)))
    kind("tiff_without_a_size", ERROR, raw.tiff([(258, 3, 1, 8), (262, 3, 1, 1)]))
    kind("tiff_of_negative_size", ERROR, raw.grey_tiff(2**32 - 9, 9))
    kind("tiff_big_with_absurd_counts", ERROR, b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(99))
    kind("tiff_raw_camera_file", ERROR, raw.grey_tiff(9, 9, (50706, 1, 4, 0x0401)))
    kind("tiff_with_overlapping_20_megabyte_tags", ERROR, _overlapping)
    kind("tiff_with_the_depths_beyond_the_end", ERROR, raw.grey_tiff(9, 9, (258, 3, 3, 2**31), (277, 3, 1, 3)))
    for planar, bits, packing in product(("contig", "separate"), (8, 16), (None, "zlib")):
        pixels = raw.picture() if bits == 8 else raw.picture().astype(np.uint16) * 257
        name = f"{bits}_bit_{planar}_{packing or 'raw'}"
        data = raw.stored_tiff(pixels, planar, compression=packing)
        kind(f"tiff_rgb_{name}", IMAGE, data)
        kind(f"tiff_rgb_{name}_cut", ERROR, data[: len(data) // 2])
    kind("tiff_rgb_float", ERROR, raw.stored_tiff(raw.picture().astype(np.float32)))
    kind("tiff_rgb_float_separate", ERROR, raw.stored_tiff(raw.picture().astype(np.float32), "separate"))
    kind("tiff_ycbcr_raw", IMAGE, raw.stored_tiff(raw.picture(), photometric="ycbcr", subsampling=(1, 1)))
    kind("tiff_ycbcr_separate", ERROR, raw.stored_tiff(raw.picture(), "separate", photometric="ycbcr"))
    kind("tiff_lab_separate", ERROR, raw.stored_tiff(raw.picture(), "separate", photometric="cielab"))
    grey = raw.picture()[..., 0]
    kind("tiff_grey_signed", ERROR, raw.stored_tiff(grey.astype(np.int8), photometric="minisblack"))
    kind("tiff_grey_32_bit_unsigned", IMAGE, raw.stored_tiff(grey.astype(np.uint32) << 24, photometric="minisblack"))


def _overlapping() -> bytes:
    """2,000 tags that all are the whole file."""
    data = raw.grey_tiff(9, 9, *[(tag, 7, 20 * 2**20, 8) for tag in range(40_000, 42_000)])
    return data + bytes(20 * 2**20)


def others(kind: Table) -> None:
    """BMP, GIF, WebP, AVIF and HEIC."""
    rows = bytes(28 * 9)
    kind("bmp_of_negative_height", IMAGE, raw.bmp(9, -9, rows))
    kind("bmp_of_negative_width", ERROR, raw.bmp(-9, 9, rows))
    kind("bmp_of_a_huge_header", ERROR, raw.bmp(9, 9, rows, header=2**31))
    kind("bmp_of_an_unknown_header", ERROR, raw.bmp(9, 9, rows, header=41))
    kind("bmp_of_77_bits", ERROR, raw.bmp(9, 9, rows, bits=77))
    kind("bmp_of_unknown_packing", ERROR, raw.bmp(9, 9, rows, packing=9))
    kind("bmp_that_jumps_out_of_the_picture", IMAGE, raw.bmp(9, 9, b"\0\x02\xff\xff" * 9, bits=8, packing=1))
    gif = raw.encode("GIF", Image.fromarray(raw.picture()[..., 0]))
    kind("gif_without_a_frame", ERROR, gif[: gif.index(b",\0\0\0\0")] + b";")
    kind("gif_with_a_frame_outside", IMAGE, gif.replace(b",\0\0\0\0", b",\xff\0\xff\0", 1))
    size_at = gif.index(b",\0\0\0\0") + 10
    kind("gif_of_a_code_size_of_99", ERROR, gif[:size_at] + b"\x63" + gif[size_at + 1 :])
    comment = b"!\xfe" + (b"\xff" + b"x" * 255) * 80_000 + b"\0"
    kind("gif_comment_of_20_megabytes", ERROR, lambda: gif[: size_at - 10] + comment + gif[size_at - 10 :])
    kind("webp_without_pixels", ERROR, raw.riff((b"VP8X", bytes(4) + b"\x07\0\0\x07\0\0")))
    kind("webp_of_noise", ERROR, raw.riff((b"VP8 ", np.random.default_rng(6).bytes(999))))
    avif = raw.encode("AVIF")
    kind("avif_of_noise", ERROR, avif[:200] + np.random.default_rng(7).bytes(len(avif) - 200))
    kind("avif_of_only_a_type", ERROR, raw.box(b"ftyp", b"avif\0\0\0\0avifmif1"))
    kind("avif_with_a_box_of_4_gigabytes", ERROR, avif[:32] + raw.box(b"meta", bytes(40), size=2**32 - 1))
    heic = raw.box(b"ftyp", b"heic\0\0\0\0mif1heic")
    kind("heic_of_only_a_type", ERROR, heic)
    kind("heic_of_noise", ERROR, heic + raw.box(b"meta", np.random.default_rng(8).bytes(999)))
    kind("heic_of_a_box_of_length_zero", ERROR, heic + raw.box(b"meta", bytes(99), size=0))
    kind("heic_of_nested_boxes", ERROR, heic + _nested(500))
    kind("heic_that_is_an_avif_inside", ERROR, heic + avif[int.from_bytes(avif[:4], "big") :])


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = raw.box(b"meta", bytes(4) + data)
    return data
