;; As TinyGo lays a plugin out (`-target=wasi`): a command whose `_start` runs `main`, where the plugin registers itself, and
;; returns; both `malloc` and `proxy_on_memory_allocate` are exported, of which hosts take the first.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 16) "plugin_name") (data (i32.const 32) "x-plugin")
  (global $registered (mut i32) (i32.const 0)) (global $free (mut i32) (i32.const 8192))
  (func (export "proxy_abi_version_0_2_0"))
  (func (export "_start") (global.set $registered (i32.const 1)))
  (func (export "malloc") (param $size i32) (result i32)
    global.get $free
    (global.set $free (i32.add (global.get $free) (local.get $size))))
  (func (export "free") (param i32))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) unreachable)
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (global.get $registered))
  (func (export "proxy_on_context_create") (param i32 i32) (if (i32.eqz (global.get $registered)) (then unreachable)))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (if (call $property (i32.const 16) (i32.const 11) (i32.const 0) (i32.const 4)) (then unreachable))
    (drop (call $replace (i32.const 2) (i32.const 32) (i32.const 8) (i32.load (i32.const 0)) (i32.load (i32.const 4))))
    i32.const 0)
  (func (export "proxy_on_done") (param i32) (result i32) i32.const 1))
