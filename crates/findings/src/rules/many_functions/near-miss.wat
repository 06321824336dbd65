(module (type (func)) (;repeat 300000;)(func (type 0))(;end;))
