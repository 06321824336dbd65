(module (type (func)) (;repeat 300001;)(func (type 0))(;end;))
