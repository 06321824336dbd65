(module (import "plugin" "log" (global i32)))
