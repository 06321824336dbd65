(module
  (import "wasix_32v1" "dl_invalid_handle" (func $invalid (param i32 i32 i32) (result i32)))
  (func (export "run") (drop (call $invalid (i32.const 0) (i32.const 0) (i32.const 0)))))
