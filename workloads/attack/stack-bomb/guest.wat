;; Calls itself until the native stack is used up. It uses no shadow stack, so nothing of its memory is overwritten.
(module $stack_bomb
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $sleep (param $nanoseconds i64)
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 48))
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (local.get $nanoseconds))
    (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))

  (func $descend (param $depth i64) (result i64)
    (i64.add (call $descend (i64.add (local.get $depth) (i64.const 1))) (local.get $depth)))

  (func $_start (export "_start")
    (call $sleep (i64.const 1000000000))
    (drop (call $descend (i64.const 0)))))
