// Instantiates a module that is nowhere on disk, with two pages of memory, and sleeps for
// as many seconds as the argument says (20 without one).
import process from "node:process";

const seconds = Number(process.argv[2] ?? 20);

// (module (memory (export "memory") 2))
const bytes = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
  0x05, 0x03, 0x01, 0x00, 0x02, // memories: one, no maximum, 2 pages
  0x07, 0x0a, 0x01, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, // exports: memory 0
]);

const { memory } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
// Kept in use until the end, or the garbage collector would take the memory away.
setTimeout(() => new Uint8Array(memory.buffer).fill(1), seconds * 1000);
