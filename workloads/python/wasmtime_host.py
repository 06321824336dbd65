"""Runs a guest with the PyPI package `wasmtime`: wasmtime_host.py [--dir DIR] GUEST [ARGUMENT...]

The library is loaded one second before the first module, so that one can see the process
become a workload by what it does, not by what it has loaded.
"""

import argparse
import sys
import time

from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig

parser = argparse.ArgumentParser()
parser.add_argument("--dir", help="directory that the guest sees as its current one")
parser.add_argument("guest")
parser.add_argument("arguments", nargs=argparse.REMAINDER)
options = parser.parse_args()

time.sleep(1)

engine = Engine()
linker = Linker(engine)
linker.define_wasi()
store = Store(engine)
wasi = WasiConfig()
wasi.argv = [options.guest, *options.arguments]
wasi.inherit_stdout()
wasi.inherit_stderr()
if options.dir:
    wasi.preopen_dir(options.dir, ".")
store.set_wasi(wasi)
instance = linker.instantiate(store, Module.from_file(engine, options.guest))
try:
    instance.exports(store)["_start"](store)
except ExitTrap as exit_trap:
    sys.exit(exit_trap.code)
