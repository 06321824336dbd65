"""Runs Python code from within a guest: host.py CUE CODE. The guest's function `misbehave` calls it, once the file CUE is there."""

import ctypes
import os
import signal
import socket
import sys
import threading
import time

from wasmtime import Func, FuncType, Instance, Module, Store

cue, code = sys.argv[1:3]
program = compile(code, "code", "exec")


def act():
    # Looking leaves no trace but a stat.
    while not os.path.exists(cue):
        time.sleep(0.02)
    exec(program, globals())


GUEST = """(module (import "host" "act" (func $act)) (memory (export "memory") 1)
    (func $misbehave (export "run") (call $act)))"""
store = Store()
instance = Instance(store, Module(store.engine, GUEST), [Func(store, FuncType([], []), act)])
instance.exports(store)["run"](store)
