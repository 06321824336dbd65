(component
  (component $inner (import "handle" (func $handle)) (export "handle" (func $handle)))
  (core module $m (func (export "handle")))
  (core instance $i (instantiate $m))
  (func $handle (canon lift (core func $i "handle")))
  (instance $api (instantiate $inner (with "handle" (func $handle))))
  (export "wasi:http/incoming-handler@0.2.0" (instance $api)))
