"""Maps memory that pretends to be Wasm: forged_images.py CASE...

Prints `ready` when all is mapped, and then waits to be killed.
"""

import ctypes
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
NONE, READ, READ_WRITE, READ_EXECUTE = 0, 1, 3, 5
PRIVATE_ANONYMOUS_NORESERVE = 0x4022
PAGE = 4096


def reserve(size):
    # A page without rights on either side keeps the kernel from joining neighbours.
    address = libc.mmap(None, size + 2 * PAGE, NONE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0)
    if address in (None, ctypes.c_void_p(-1).value):
        sys.exit(f"mmap of {size} bytes: error {ctypes.get_errno()}")
    return address + PAGE


def protect(address, size, rights):
    if libc.mprotect(address, size, rights):
        sys.exit(f"mprotect: error {ctypes.get_errno()}")


NAMES = b"\0.shstrtab\0.text\0.symtab\0.strtab\0"


def header(shoff, count):
    ident = b"\x7fELF\x02\x01\x01" + bytes([200]) + bytes(8)
    return ident + struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, shoff, 1, 64, 0, 0, 64, count, 1)


def image(text, symtab, strtab, shoff=64, count=5):
    """The first page of an image with these sections, each an offset and a size."""
    names_at = 64 + 5 * 64
    sections = [(b"", 0, 0), (b".shstrtab", names_at, len(NAMES)),
                (b".text", *text), (b".symtab", *symtab), (b".strtab", *strtab)]
    table = b"".join(
        struct.pack("<IIQQQQIIQQ", NAMES.find(name + b"\0") if name else 0, 1 if name else 0, 0, 0, at, size, 0, 0, 1, 0)
        for name, at, size in sections)
    return header(shoff, count) + table + NAMES


def place(first_page, rest=b"", readable=0):
    """An image's page, a page of code, `rest`, and then untouched memory up to `readable` bytes."""
    size = 2 * PAGE + max(len(rest) + PAGE - 1 & -PAGE, readable)
    at = reserve(size)
    protect(at, size, READ_WRITE)
    ctypes.memmove(at, first_page, len(first_page))
    ctypes.memmove(at + 2 * PAGE, rest, len(rest))
    protect(at, size, READ)
    protect(at + PAGE, PAGE, READ_EXECUTE)


TEXT = (PAGE, PAGE)
GIB = 1 << 30


def section_table_nowhere():
    place(image(TEXT, (0, 24), (0, 8), shoff=2**63 - 8))
    place(image(TEXT, (0, 24), (0, 8), shoff=2**64 - 64))


def sections_65535():
    place(image(TEXT, (0, 24), (0, 8), count=65535), readable=16 << 20)


def overlapping_sections():
    everything = (0, 2 * PAGE)
    place(image(everything, everything, everything))


def string_table_of_4_gib():
    # Really mapped: untouched memory costs its owner nothing.
    place(image(TEXT, (2 * PAGE, 24 << 16), (2 * PAGE, 4 * GIB)), readable=5 * GIB)


def symbols_2_to_32():
    place(image(TEXT, (2 * PAGE, 24 << 32), (2 * PAGE, PAGE)), readable=24 << 32)


def long_names():
    # Half a million functions, all with the same name of the longest kind.
    name = b"wasm[0]::function[1]::" + b"A" * 170 + b"\0"
    strings = bytes(1) + name
    count = 1 << 19
    symbols = struct.pack("<IBBHQQ", 1, 0, 0, 0, 0, 1) * count
    at = 2 * PAGE
    place(image(TEXT, (at, len(symbols)), (at + len(symbols), len(strings))), rest=symbols + strings)


def thousands():
    # Every other page is an image, and the string table of each is all that follows.
    count = 5000
    at = reserve(2 * count * PAGE)
    protect(at, 2 * count * PAGE, READ_WRITE)
    for n in range(count):
        start = 2 * n * PAGE
        page = image(TEXT, (0, 24 << 10), (0, max(PAGE, min(64 << 20, (2 * count - 2 * n) * PAGE))))
        ctypes.memmove(at + start, page, len(page))
    protect(at, 2 * count * PAGE, READ)
    for n in range(count):
        protect(at + (2 * n + 1) * PAGE, PAGE, READ_EXECUTE)


def reservation():
    # What Wasmtime reserves for one memory: 32 MiB, 4 GiB, 32 MiB.
    base = reserve(0x104000000 - 2 * PAGE) - PAGE
    protect(base + (32 << 20), 64 << 10, READ_WRITE)


for case in sys.argv[1:]:
    globals()[case]()
print("ready", flush=True)
time.sleep(60)
