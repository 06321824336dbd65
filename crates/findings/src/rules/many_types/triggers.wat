(module (;repeat 100001;)(type (func))(;end;))
