// Runs a WASI preview 1 command given as a file: node wasm-memory.js GUEST [ARGUMENT...]
//
// The imports are written here, because Node, Deno and Bun do not share an implementation
// of WASI, and only what the guests without files need.
import { readFileSync, writeSync } from "node:fs";
import process from "node:process";

class Exit extends Error {
  constructor(status) {
    super(`exit with status ${status}`);
    this.status = status;
  }
}

const [file, ...guestArguments] = process.argv.slice(2);
const argv = [file, ...guestArguments].map((text) => new TextEncoder().encode(text + "\0"));
let memory;
const view = () => new DataView(memory.buffer);
const bytes = (at, length) => new Uint8Array(memory.buffer, at, length);

const [SUCCESS, BADF, NOSYS] = [0, 8, 52];

const known = {
  args_sizes_get(count, size) {
    view().setUint32(count, argv.length, true);
    view().setUint32(size, argv.reduce((sum, text) => sum + text.length, 0), true);
    return SUCCESS;
  },
  args_get(pointers, strings) {
    for (const text of argv) {
      view().setUint32(pointers, strings, true);
      bytes(strings, text.length).set(text);
      pointers += 4;
      strings += text.length;
    }
    return SUCCESS;
  },
  // Clock 0 is the wall clock, and all that scripts know of it is milliseconds.
  clock_time_get(clock, _precision, result) {
    const now = clock === 0 ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint();
    view().setBigUint64(result, now, true);
    return SUCCESS;
  },
  // One relative timeout. `Atomics.wait` blocks the thread, as a guest expects of a sleep.
  poll_oneoff(subscriptions, events, count, result) {
    if (count !== 1) return NOSYS;
    const milliseconds = Number(view().getBigUint64(subscriptions + 24, true)) / 1e6;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    bytes(events, 32).fill(0);
    view().setUint32(result, 1, true);
    return SUCCESS;
  },
  fd_write(descriptor, vectors, count, result) {
    let written = 0;
    for (let index = 0; index < count; index++) {
      const at = view().getUint32(vectors + 8 * index, true);
      const length = view().getUint32(vectors + 8 * index + 4, true);
      written += writeSync(descriptor, bytes(at, length));
    }
    view().setUint32(result, written, true);
    return SUCCESS;
  },
  // A character device: C buffers its output by line then.
  fd_fdstat_get(descriptor, result) {
    if (descriptor > 2) return BADF;
    bytes(result, 24).fill(0);
    view().setUint8(result, 2);
    return SUCCESS;
  },
  fd_prestat_get: () => BADF,
  fd_close: () => SUCCESS,
  proc_exit(status) {
    throw new Exit(status);
  },
};
const imports = new Proxy(known, { get: (target, name) => target[name] ?? (() => NOSYS) });

const module = new WebAssembly.Module(readFileSync(file));
const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports });
memory = instance.exports.memory;
try {
  instance.exports._start();
} catch (error) {
  if (!(error instanceof Exit)) throw error;
  process.exitCode = error.status;
}
