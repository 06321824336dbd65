(module (;repeat 99999;)(global i32 (i32.const 0))(;end;))
