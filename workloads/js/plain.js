// No WebAssembly at all: sleeps for as many seconds as the argument says (20 without one).
// Its runtime could run modules and does not, so it is no workload.
import process from "node:process";

const seconds = Number(process.argv[2] ?? 20);
setTimeout(() => {}, seconds * 1000);
