(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (func $begin (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 0))))
  (start $begin))
