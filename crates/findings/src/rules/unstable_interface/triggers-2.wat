(component (import "wasi:http/outgoing-handler@0.2.0-rc-2023-12-05" (instance (export "handle" (func)))))
