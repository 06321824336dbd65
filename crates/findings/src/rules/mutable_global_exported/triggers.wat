(module (global (export "limit") (mut i32) (i32.const 10)))
