;; Asks for new processes by WASIX, whose runtimes make them within their own process.
(module $process_spawner
  (import "wasix_32v1" "proc_fork" (func $proc_fork (param i32 i32) (result i32)))
  (import "wasix_32v1" "proc_exec" (func $proc_exec (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "none")

  ;; Nobody is asked: what it could do is in its imports.
  (func (export "_start")
    (if (i32.load (i32.const 1024))
      (then
        (drop (call $proc_fork (i32.const 0) (i32.const 0)))
        (call $proc_exec (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 0))))))
