(module (func (param i32) (br_table (;repeat 10000;) 0(;end;) 0 (local.get 0))))
