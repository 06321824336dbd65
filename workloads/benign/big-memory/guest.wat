;; As a program does that loads a large input.
(module $big_memory
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))

  (func $load (param $pages i32)
    (local $at i32) (local $end i32)
    (local.set $at (i32.mul (memory.grow (local.get $pages)) (i32.const 65536)))
    (local.set $end (i32.add (local.get $at) (i32.mul (local.get $pages) (i32.const 65536))))
    (loop $next
      (i32.store8 (local.get $at) (i32.const 1))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 65536))) (local.get $end)))))

  (func $_start (export "_start")
    (local $step i32)
    (call $sleep (i64.const 1000000000))
    (loop $next
      (call $load (i32.const 256))
      (call $sleep (i64.const 100000000))
      (br_if $next (i32.lt_u (local.tee $step (i32.add (local.get $step) (i32.const 1))) (i32.const 12))))
    (call $sleep (i64.const 1000000000))))
