;; Burns CPU in a call chain `_start -> run -> inner` until the time given is over.
(module $spin
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (global $state (mut i64) (i64.const 88172645463325252))

  ;; Memory: 0 the number of arguments, 4 their size, 8 the time, 256 argv, 4096 the strings.

  ;; The first argument as a number of seconds; 20 without one.
  (func $seconds (result i64)
    (local $at i32) (local $digit i32) (local $value i64)
    (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
    ;; More than this is not meant for us, and would not fit.
    (if (i32.or (i32.lt_u (i32.load (i32.const 0)) (i32.const 2))
                (i32.or (i32.gt_u (i32.load (i32.const 0)) (i32.const 900))
                        (i32.gt_u (i32.load (i32.const 4)) (i32.const 60000))))
      (then (return (i64.const 20))))
    (drop (call $args_get (i32.const 256) (i32.const 4096)))
    (local.set $at (i32.load (i32.const 260)))
    (loop $next
      (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
      (if (i32.lt_u (local.get $digit) (i32.const 10))
        (then
          (local.set $value
            (i64.add (i64.mul (local.get $value) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (local.get $value))

  ;; Monotonic time in nanoseconds.
  (func $now (result i64)
    (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 8)))
    (i64.load (i32.const 8)))

  ;; About a million steps of xorshift: nearly all samples of a profile fall here.
  (func $inner
    (local $left i32) (local $x i64)
    (local.set $left (i32.const 1000000))
    (local.set $x (global.get $state))
    (loop $next
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (global.set $state (local.get $x)))

  (func $run (param $until i64)
    (loop $next
      (call $inner)
      (br_if $next (i64.lt_u (call $now) (local.get $until)))))

  (func $_start (export "_start")
    (call $run (i64.add (call $now) (i64.mul (call $seconds) (i64.const 1000000000))))))
