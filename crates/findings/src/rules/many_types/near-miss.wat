(module (;repeat 100000;)(type (func))(;end;))
