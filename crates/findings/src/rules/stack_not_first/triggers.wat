(module
  (global $__stack_pointer (mut i32) (i32.const 66560))
  (memory 2)
  (data (i32.const 1024) "greeting"))
