"""A host that does what a compromised runtime would do, in harmless forms: misbehaving_host.py [--delay S] ACT...

It runs a small guest with the PyPI package `wasmtime`. The guest calls the imported function
`act(n)` once for each ACT, so that the process is a workload, and inside a guest, when it
happens. Each act touches only this process, its own children or nothing at all, and leaves
nothing behind. One line per act: its name, what the last call gave, and the name of the error.
"""

import argparse
import ctypes
import errno
import mmap
import os
import signal
import struct
import sys
import time
from contextlib import contextmanager

from wasmtime import Engine, Func, FuncType, Instance, Module, Store, ValType

# Only these numbers, and the machine code below, are tied to x86-64.
SYS_PTRACE, SYS_CAPGET, SYS_CAPSET, SYS_MOUNT, SYS_INIT_MODULE = 101, 125, 126, 165, 175
SYS_UNSHARE, SYS_PERF_EVENT_OPEN, SYS_SETNS, SYS_VM_READV, SYS_VM_WRITEV = 272, 298, 308, 310, 311
SYS_FINIT_MODULE, SYS_MEMFD_CREATE, SYS_BPF, SYS_IO_URING_SETUP = 313, 319, 321, 425

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
libc.mmap.restype = ctypes.c_ssize_t
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
PAGE = mmap.PAGESIZE
READ, WRITE, EXEC = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC


def check(result):
    """The result of a C function, or its error as an exception."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number, *arguments):
    # A plain integer would be cut to 32 bits.
    longs = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return check(libc.syscall(ctypes.c_long(number), *longs))


def run_child(work):
    """Runs `work` in a child; gives its exit status, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        status = 127
        try:
            signal.alarm(5)
            status = work() or 0
        finally:
            # Not Python's orderly end: the runtime's threads are not here.
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@contextmanager
def waiting_child():
    """A child that does nothing, ends by itself after some seconds and with the block at the latest."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        while True:
            signal.pause()
    try:
        yield pid
    finally:
        # Nobody else reaps it, so that the number is still its own.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@contextmanager
def anonymous(protection):
    address = check(libc.mmap(None, PAGE, protection, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0))
    try:
        yield address
    finally:
        libc.munmap(address, PAGE)


def wx():
    with anonymous(READ | WRITE | EXEC):
        pass
    with anonymous(READ | WRITE) as address:
        return check(libc.mprotect(address, PAGE, READ | WRITE | EXEC))


def memfd():
    fd = os.memfd_create("wasmscope-act")
    os.write(fd, b"nothing")
    os.close(fd)
    return fd


def memfd_exec():
    def work():
        fd = os.memfd_create("wasmscope-act")
        with open("/bin/true", "rb") as program:
            os.write(fd, program.read(1 << 20))
        os.execv(f"/proc/self/fd/{fd}", ["true"])

    return run_child(work)


def execute():
    return run_child(lambda: os.execv("/bin/true", ["true"]))


def fork():
    return run_child(lambda: 0)


def ptrace():
    attach, detach = 16, 17
    with waiting_child() as child:
        result = syscall(SYS_PTRACE, attach, child, 0, 0)
        os.waitpid(child, os.WUNTRACED)
        syscall(SYS_PTRACE, detach, child, 0, 0)
        return result


def vm():
    """Reads and writes back a word of a child: memory is at the same place there."""
    word = ctypes.c_uint64(0x77617366)
    copy = ctypes.c_uint64()

    def vector(place):
        return struct.pack("QQ", ctypes.addressof(place), ctypes.sizeof(place))

    with waiting_child() as child:
        syscall(SYS_VM_READV, child, vector(copy), 1, vector(word), 1, 0)
        return syscall(SYS_VM_WRITEV, child, vector(copy), 1, vector(word), 1, 0)


def procmem():
    with waiting_child() as child:
        os.close(os.open("/proc/self/mem", os.O_RDWR))
        fd = os.open(f"/proc/{child}/mem", os.O_RDWR)
        os.close(fd)
        return fd


def setns():
    """Into the namespace that it is in."""
    fd = os.open("/proc/self/ns/uts", os.O_RDONLY)
    try:
        return syscall(SYS_SETNS, fd, 0x04000000)
    finally:
        os.close(fd)


def unshare():
    """No longer shares its folder and umask with the runtime's threads."""
    return syscall(SYS_UNSHARE, 0x00000200)


def mount():
    """A file system that does not exist, at a place that does not exist."""
    nowhere = b"/nonexistent/wasmscope-act"
    return syscall(SYS_MOUNT, b"none", nowhere, b"wasmscope-act", 0, None)


def setuid():
    os.setresuid(-1, -1, -1)
    return 0


def capset():
    """The capabilities that it has."""
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    data = ctypes.create_string_buffer(24)
    syscall(SYS_CAPGET, header, data)
    return syscall(SYS_CAPSET, header, data)


def bpf():
    """The id of the first program after 0."""
    attributes = ctypes.create_string_buffer(16)
    return syscall(SYS_BPF, 11, attributes, 12)


def perf():
    """Attributes of a size that no kernel knows."""
    attributes = ctypes.create_string_buffer(struct.pack("II", 0, 1), 128)
    return syscall(SYS_PERF_EVENT_OPEN, attributes, 0, -1, -1, 0)


def module():
    """No image to load, and no file to load it from."""
    try:
        syscall(SYS_INIT_MODULE, None, 0, b"")
    except OSError:
        pass
    return syscall(SYS_FINIT_MODULE, -1, b"", 0)


def io_uring():
    fd = syscall(SYS_IO_URING_SETUP, 1, ctypes.create_string_buffer(120))
    os.close(fd)
    return fd


def kill():
    with waiting_child() as child:
        os.kill(child, 0)
        os.kill(child, signal.SIGUSR1)
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT).si_status


def int80():
    """The 32-bit getpid, from 64-bit code."""
    code = bytes.fromhex("b814000000 cd80 c3")  # mov eax, 20; int 0x80; ret

    def call():
        with anonymous(READ | WRITE) as address:
            ctypes.memmove(address, code, len(code))
            check(libc.mprotect(address, PAGE, READ | EXEC))
            return ctypes.CFUNCTYPE(ctypes.c_int)(address)()

    # A kernel without 32-bit calls answers with a signal, which this process must survive.
    died = run_child(lambda: call() and 0)
    return died or call()


def shadow():
    fd = os.open("/etc/shadow", os.O_RDONLY)
    os.close(fd)
    return fd


ACTS = {
    "wx": wx,
    "memfd": memfd,
    "memfd-exec": memfd_exec,
    "exec": execute,
    "fork": fork,
    "ptrace": ptrace,
    "vm": vm,
    "procmem": procmem,
    "setns": setns,
    "unshare": unshare,
    "mount": mount,
    "setuid": setuid,
    "capset": capset,
    "bpf": bpf,
    "perf": perf,
    "module": module,
    "io_uring": io_uring,
    "kill": kill,
    "int80": int80,
    "shadow": shadow,
}

GUEST = """
(module $misbehaving
  (import "host" "pause" (func $pause))
  (import "host" "act" (func $act (param i32)))
  (memory (export "memory") 1)
  (func $misbehave (param $count i32)
    (local $n i32)
    (loop $next
      (call $act (local.get $n))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $n) (local.get $count)))))
  (func $run (export "run") (param $count i32)
    (call $pause)
    (call $misbehave (local.get $count))))
"""

parser = argparse.ArgumentParser()
parser.add_argument("--delay", type=float, default=1.5, help="seconds from the guest's start to the first act")
parser.add_argument("acts", nargs="+", choices=ACTS, metavar="ACT", help=", ".join(ACTS))
options = parser.parse_args()


def pause():
    time.sleep(options.delay)


def act(n):
    name = options.acts[n]
    try:
        print(f"{name} {ACTS[name]()} ok", flush=True)
    except OSError as error:
        print(f"{name} -1 {errno.errorcode.get(error.errno, error.errno)}", flush=True)


engine = Engine()
store = Store(engine)
imports = [Func(store, FuncType([], []), pause), Func(store, FuncType([ValType.i32()], []), act)]
instance = Instance(store, Module(engine, GUEST), imports)
print(f"ready {os.getpid()}", flush=True)
instance.exports(store)["run"](store, len(options.acts))
sys.stdout.flush()
