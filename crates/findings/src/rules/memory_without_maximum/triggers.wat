(module (memory 1) (func (export "more") (drop (memory.grow (i32.const 1)))))
