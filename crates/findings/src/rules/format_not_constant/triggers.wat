(module
  (memory 1)
  (func $printf (param i32 i32) (result i32) (i32.const 0))
  (func (export "run") (param $text i32)
    (drop (call $printf (local.get $text) (i32.const 0)))))
