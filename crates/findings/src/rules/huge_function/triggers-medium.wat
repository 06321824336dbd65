(module (func (;repeat 7654322;) nop(;end;)))
