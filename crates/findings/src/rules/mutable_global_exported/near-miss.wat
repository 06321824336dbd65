(module (global (export "limit") i32 (i32.const 10)))
