(module (func (;repeat 999998;) nop(;end;)))
