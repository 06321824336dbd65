(module (memory 1) (func (export "size") (drop (memory.size))))
