(module
  (type $handler (func))
  (table $handlers 2 funcref)
  (table $objects 2 externref)
  (func $first)
  (elem (table $handlers) (i32.const 0) func $first)
  (func (export "register") (param $at i32) (param $object externref)
    (table.set $objects (local.get $at) (local.get $object))
    (call_indirect $handlers (type $handler) (local.get $at))))
