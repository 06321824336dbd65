(module (func (local (;repeat 10000;) i32(;end;))))
