(module (;repeat 99998;)(global i32 (i32.const 0))(;end;))
