;; Parsers and tree walks do this.
(module $deep_recursion
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))

  (func $descend (param $depth i32) (result i32)
    (if (result i32) (i32.eqz (local.get $depth))
      (then (i32.const 1))
      (else (i32.add (call $descend (i32.sub (local.get $depth) (i32.const 1))) (local.get $depth)))))

  (func $_start (export "_start")
    (local $round i32)
    (call $sleep (i64.const 1000000000))
    (loop $next
      (drop (call $descend (i32.const 5000)))
      (call $sleep (i64.const 5000000))
      (br_if $next (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 200))))))
