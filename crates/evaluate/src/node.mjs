// Runs a WASI preview 1 command by Node's own WASI: node -e SCRIPT GUEST ARGUMENTS...
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";
const [guest, ...args] = process.argv.slice(1);
const wasi = new WASI({ version: "preview1", args: [guest, ...args], preopens: { ".": "." }, returnOnExit: false });
const module = await WebAssembly.compile(readFileSync(guest));
wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
