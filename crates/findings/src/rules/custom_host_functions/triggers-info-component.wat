(component (import "example:plugin/log" (instance (export "log" (func (param "text" string))))))
