(module
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasix_32v1" "sock_connect" (func $connect (param i32 i32) (result i32)))
  (func (export "run")
    (drop (call $environ (i32.const 0) (i32.const 4096)))
    (drop (call $connect (i32.const 3) (i32.const 0)))))
