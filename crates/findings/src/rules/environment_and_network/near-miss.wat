(module
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasix_32v1" "sock_connect" (func $connect (param i32 i32) (result i32)))
  (func (export "run")
    (drop (call $args (i32.const 0) (i32.const 4096)))
    (drop (call $connect (i32.const 3) (i32.const 0)))))
