(module (import "plugin" "log" (func (param i32 i64))))
