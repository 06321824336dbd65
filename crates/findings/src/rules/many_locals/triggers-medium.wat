(module (func (local (;repeat 50001;) i32(;end;))))
