(module
  (import "wasix_32v1" "port_bridge" (func $bridge (param i32 i32 i32 i32 i32) (result i32)))
  (func (export "run")
    (drop (call $bridge (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
