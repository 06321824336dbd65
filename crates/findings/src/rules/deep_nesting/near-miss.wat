(module (func (;repeat 10000;) block(;end;) (;repeat 10000;) end(;end;)))
