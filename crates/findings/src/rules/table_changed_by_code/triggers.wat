(module
  (type $handler (func))
  (table $handlers 2 funcref)
  (func $first)
  (elem (i32.const 0) $first)
  (func (export "register") (param $at i32)
    (table.set $handlers (local.get $at) (ref.func $first))
    (call_indirect $handlers (type $handler) (local.get $at))))
