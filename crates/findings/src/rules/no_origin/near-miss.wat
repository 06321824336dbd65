(module (func $run))
