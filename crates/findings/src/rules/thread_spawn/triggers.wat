(module
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "run") (drop (call $spawn (i32.const 0)))))
