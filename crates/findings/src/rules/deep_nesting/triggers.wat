(module (func (;repeat 10001;) block(;end;) (;repeat 10001;) end(;end;)))
