;; Grows step by step: no step alone is large.
(module $memory_creep
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1024)

  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))

  (func $creep (param $pages i32) (result i32)
    (local $before i32)
    (local.set $before (memory.grow (local.get $pages)))
    (if (i32.ge_s (local.get $before) (i32.const 0))
      (then (i32.store8 (i32.mul (local.get $before) (i32.const 65536)) (i32.const 1))))
    (local.get $before))

  (func $_start (export "_start")
    (call $sleep (i64.const 1000000000))
    (loop $next
      (call $sleep (i64.const 40000000))
      (br_if $next (i32.ge_s (call $creep (i32.const 32)) (i32.const 0))))
    ;; The rest, to the last page.
    (drop (call $creep (i32.const 31)))
    (call $sleep (i64.const 500000000))))
