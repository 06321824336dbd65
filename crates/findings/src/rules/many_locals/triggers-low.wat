(module (func (local (;repeat 10001;) i32(;end;))))
