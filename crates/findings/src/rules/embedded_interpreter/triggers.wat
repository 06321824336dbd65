(module
  (memory 1)
  (data (i32.const 1024) "$LuaVersion: Lua 5.4.6 \00"))
