(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (export "open" (func $open))
  (memory 1)
  (data (i32.const 1024) "/etc/passwd\00"))
