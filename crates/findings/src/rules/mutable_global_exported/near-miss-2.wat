(module (global $__stack_pointer (export "__stack_pointer") (mut i32) (i32.const 66560)))
