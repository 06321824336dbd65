"""Compiles many small, distinct modules in one process and instantiates every hundredth: many_modules.py COUNT"""

import sys
import time

from wasmtime import Instance, Module, Store

store = Store()
kept = []
for n in range(int(sys.argv[1])):
    text = f'(module $m{n} (func $f{n} (export "f") (result i32) (i32.const {n})) {"(memory 1)" if n % 100 == 0 else ""})'
    module = Module(store.engine, text)
    kept.append((module, Instance(store, module, []) if n % 100 == 0 else None))
print("ready", flush=True)
time.sleep(60)
