(module
  (import "env" "emscripten_get_now" (func (result f64)))
  (table (export "__indirect_function_table") 1 funcref))
