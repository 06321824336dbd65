;; A table is the host's memory, eight bytes or more for each element.
(module $huge_table
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (table $huge 11000000 funcref)

  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))

  (func $_start (export "_start")
    (call $sleep (i64.const 1000000000))
    (table.set $huge (i32.const 10999999) (ref.null func))))
