(module (func (;repeat 8;)(drop (i32.xor (i32.const 1) (i32.const 1)))(;end;) (;repeat 486;)(drop (i32.const 1))(;end;)))
