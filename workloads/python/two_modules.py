"""Two modules in one process: two_modules.py DIR writes often.wasm and seldom.wasm to DIR, and calls the first one three
times as often as the second. Shows that the CPU time of a process is told by the module that spent it.
"""

import pathlib
import sys

import wasmtime

# About 20 ms of one CPU for each call.
WAT = """(module (memory (export "memory") 1)
  (func ${name} (export "burn") (local $n i32) (local $x i64)
    (local.set $n (i32.const 20000000))
    (loop $next
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.store (i32.const 0) (local.get $x))))"""
ROUNDS = 40

folder = pathlib.Path(sys.argv[1])
store = wasmtime.Store(wasmtime.Engine())
burns = []
for name in ["often", "seldom"]:
    path = folder / f"{name}.wasm"
    path.write_bytes(wasmtime.wat2wasm(WAT.replace("{name}", name)))
    module = wasmtime.Module.from_file(store.engine, str(path))
    burns.append(wasmtime.Instance(store, module, []).exports(store)["burn"])
for _ in range(ROUNDS):
    for _ in range(3):
        burns[0](store)
    burns[1](store)
print("done", flush=True)
sys.stdin.readline()
