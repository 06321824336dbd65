//! What an escape looks like from outside: a host whose WASI calls are hooked, and a function `host.act` that is not. Whatever the
//! guest reaches by it, no host call explains.
//!
//!     wasmscope watch --hooks -- target/debug/examples/unhooked
//!
//! In the current directory the guest makes the directories `explained`, by WASI, and `unexplained`, past it. The socket of the
//! agent may be given as argument.

use std::{env, thread::sleep, time::Duration};
use wasmscope_sensor_wasmtime::{AgentSink, Hooks, Mode, Observe, Sensor, p1, run};
use wasmtime::{Engine, Linker, Module, Result, Store};
use wasmtime_wasi::{FsPerms, WasiCtx, p1::WasiP1Ctx};

const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
    (import "host" "act" (func $act))
    (memory (export "memory") 1)
    (data (i32.const 16) "explained")
    (func $inside (result i32) (call $mkdir (i32.const 3) (i32.const 16) (i32.const 9)))
    (func $outside (call $act))
    (func (export "_start") (drop (call $inside)) (call $outside) (drop (call $inside))))"#;

struct Core {
    wasi: WasiP1Ctx,
    hooks: Hooks,
}

impl Observe for Core {
    fn hooks(&mut self) -> &mut Hooks {
        &mut self.hooks
    }
}

fn main() -> Result<()> {
    let socket = env::args_os().nth(1).unwrap_or_else(|| AgentSink::SOCKET.into());
    let (sink, writer) = AgentSink::connect(socket.as_ref(), 1024)?;
    let sensor = Sensor::builder().kernel_clock().modes(Mode::Events).sink(sink).build();
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let mut linker = Linker::<Core>::new(&engine);
    p1::add_to_linker_sync(&mut linker, |core| &mut core.wasi)?;
    linker.func_wrap("host", "act", || std::fs::create_dir("unexplained").map_err(wasmtime::Error::new))?;
    // On the guest's own thread, so that the kernel sees its stack.
    let mut wasi = WasiCtx::builder();
    let wasi =
        wasi.allow_blocking_current_thread(true).preopened_dir(".", ".", FsPerms::ReadWrite)?.build_p1();
    let mut store = Store::new(&engine, Core { wasi, hooks: sensor.instance("guest") });
    let instance = run(&mut store, "instantiate", |store| linker.instantiate(store, &module))?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    // An agent that starts with this process takes a moment to know it.
    sleep(Duration::from_millis(500));
    run(&mut store, "_start", |store| start.call(store, ()))?;
    drop(store);
    Ok(writer.finish()?)
}
