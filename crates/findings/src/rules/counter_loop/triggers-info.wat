(module
  (memory 1 1 shared)
  (func (export "count")
    (loop $again
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (br $again))))
