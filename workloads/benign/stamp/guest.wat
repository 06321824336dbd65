;; Takes the wall-clock time as its first act, prints it, and sleeps a moment.
(module $stamp
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  ;; Memory: 8 the time, 16 one vector, 24 the bytes written, 64 to 95 the line;
  ;; then 128 one subscription (48 bytes), 192 the event, 232 the number of events.

  ;; Writes the digits of `value` backwards, the last one at 94, and gives the first one's place.
  (func $print (param $value i64) (result i32)
    (local $at i32)
    (local.set $at (i32.const 95))
    (i32.store8 (local.get $at) (i32.const 10))
    (loop $next
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $value) (i64.const 10)))))
      (local.set $value (i64.div_u (local.get $value) (i64.const 10)))
      (br_if $next (i64.ne (local.get $value) (i64.const 0))))
    (local.get $at))

  ;; A relative timeout of the monotonic clock: tag 0, clock 1, flags 0.
  (func $sleep (param $nanoseconds i64)
    (i32.store (i32.const 144) (i32.const 1))
    (i64.store (i32.const 152) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 128) (i32.const 192) (i32.const 1) (i32.const 232))))

  (func $_start (export "_start")
    (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 8)))
    (i32.store (i32.const 16) (call $print (i64.load (i32.const 8))))
    (i32.store (i32.const 20) (i32.sub (i32.const 96) (i32.load (i32.const 16))))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
    (call $sleep (i64.const 300000000))))
