(component
  (import "wasi:http/outgoing-handler@0.2.0" (instance $http (export "handle" (func))))
  (core func $handle (canon lower (func $http "handle")))
  (core module $m
    (import "http" "handle" (func $handle))
    (func (export "run") (call $handle)))
  (core instance $i (instantiate $m (with "http" (instance (export "handle" (func $handle))))))
  (func (export "run") (canon lift (core func $i "run"))))
