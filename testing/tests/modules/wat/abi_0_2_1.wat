;; A module of ABI 0.2.1: as of 0.2.0, and the host's log level can be asked.
(module
  (import "env" "proxy_get_log_level" (func $level (param i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-level")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ;; Its number as a digit.
    (drop (call $level (i32.const 0)))
    (i32.store8 (i32.const 0) (i32.add (i32.const 48) (i32.load (i32.const 0))))
    (drop (call $replace (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 0) (i32.const 1)))
    (drop (call $log (i32.const 2) (i32.const 16) (i32.const 7)))
    i32.const 0))
