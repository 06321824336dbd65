(module
  (global $__stack_pointer (mut i32) (i32.const 1024))
  (memory 2)
  (data (i32.const 1024) "greeting"))
