(module (func (;repeat 1000000;) nop(;end;)))
