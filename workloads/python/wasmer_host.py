"""Runs a guest with the PyPI package `wasmer-sdk`: wasmer_host.py GUEST [ARGUMENT...]

The library is loaded one second before the first module, so that one can see the process
become a workload by what it does, not by what it has loaded.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from wasmer_sdk import Wasmer

time.sleep(1)


async def main(cache, guest, *arguments):
    async with Wasmer(cache_root=cache) as wasmer:
        package = await wasmer.packages.load(Path(guest).read_bytes())
        async with await wasmer.sandboxes.create(packages=[package]) as sandbox:
            output = await sandbox.command(package, list(arguments)).run(check=False)
    sys.stdout.buffer.write(output.stdout.bytes)
    sys.stderr.buffer.write(output.stderr.bytes)
    return output.exit_code


# Compiled code would be kept in the current directory otherwise.
with tempfile.TemporaryDirectory() as cache:
    status = asyncio.run(main(cache, *sys.argv[1:]))
sys.stdout.flush()
# The library's threads do not survive Python's orderly end: it would abort now and then.
os._exit(status)
