(module (memory 1 65536) (func (export "more") (drop (memory.grow (i32.const 1)))))
