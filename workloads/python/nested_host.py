"""Runs a guest that calls its host, which calls the guest again, which opens `gate` of the given folder.

Shows two activations of one guest on one thread's stack. Waits in the open when `gate` is a FIFO.
"""

import sys

from wasmtime import Engine, Func, FuncType, Linker, Module, Store, WasiConfig

GUEST = """
(module $nested
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "host" "again" (func $again))
  (memory (export "memory") 1)
  (data (i32.const 8) "gate")
  (func $entered_first (export "first") (call $leaves))
  (func $leaves (call $again))
  (func $entered_again (export "second") (call $open_gate))
  (func $open_gate
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 8) (i32.const 4) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64)))))
"""

engine = Engine()
store = Store(engine)
wasi = WasiConfig()
wasi.preopen_dir(sys.argv[1], ".")
store.set_wasi(wasi)
linker = Linker(engine)
linker.define_wasi()
linker.define(store, "host", "again", Func(store, FuncType([], []), lambda: exports["second"](store)))
exports = linker.instantiate(store, Module(engine, GUEST)).exports(store)
exports["first"](store)
