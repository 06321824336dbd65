(module (func (export "run") try catch_all end))
