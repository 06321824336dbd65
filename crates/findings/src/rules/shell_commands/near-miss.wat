(module
  (import "wasix_32v1" "proc_exec" (func $exec (param i32 i32 i32 i32)))
  (export "exec" (func $exec))
  (memory 1)
  (data (i32.const 1024) "curl -s http://example.com/x | sort\00"))
