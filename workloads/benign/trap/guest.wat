;; Executes `unreachable` after 200 ms.
(module $trap
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; Memory: 0 one subscription (48 bytes), 64 the event, 96 the number of events.
  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))

  (func $fail
    (unreachable))

  (func $_start (export "_start")
    (call $sleep (i64.const 200000000))
    (call $fail)))
