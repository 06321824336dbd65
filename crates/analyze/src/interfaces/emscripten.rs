//! Emscripten's JavaScript runtime (<https://github.com/emscripten-core/emscripten>, `src/lib/libsyscall.js`,
//! `libcore.js`). With `-O2` and more it shortens names to `a.b`: such modules look custom.

use super::{Group, find};
use crate::Capabilities;
use crate::Capability::*;
use crate::facts::Interface;

const TABLE: &[Group] = &[
    (&[ReadFiles, WriteFiles], "__syscall_openat __syscall_open"),
    (
        &[WriteFiles],
        "__syscall_mkdirat __syscall_unlinkat __syscall_rmdir __syscall_renameat __syscall_symlinkat __syscall_linkat \
         __syscall_ftruncate64 __syscall_truncate64 __syscall_fallocate __syscall_fchmod __syscall_fchmodat2 \
         __syscall_chmod __syscall_fchown32 __syscall_fchownat __syscall_utimensat __syscall_mknodat",
    ),
    (&[ListDirectories], "__syscall_getdents64"),
    (
        &[FileMetadata],
        "__syscall_stat64 __syscall_lstat64 __syscall_newfstatat __syscall_faccessat __syscall_readlinkat \
         __syscall_statfs64",
    ),
    (
        &[],
        "__syscall_fstat64 __syscall_fstatfs64 __syscall_fcntl64 __syscall_dup __syscall_dup3 __syscall_pipe \
         __syscall_chdir __syscall_fchdir __syscall_getcwd __syscall_fdatasync __syscall_fadvise64 _mmap_js _munmap_js \
         _msync_js",
    ),
    (&[Terminal], "__syscall_ioctl"),
    (&[Poll], "__syscall_poll __syscall__newselect emscripten_sleep"),
    (&[Connect], "__syscall_connect __syscall_sendto __syscall_sendmsg emscripten_websocket_new"),
    (&[Listen], "__syscall_bind __syscall_listen __syscall_accept4 __syscall_recvfrom __syscall_recvmsg"),
    (
        &[],
        "__syscall_socket __syscall_shutdown __syscall_getsockname __syscall_getpeername __syscall_getsockopt \
         __syscall_setsockopt",
    ),
    (&[ResolveNames], "getaddrinfo _emscripten_lookup_name gethostbyname"),
    (&[HttpClient], "emscripten_start_fetch emscripten_async_wget emscripten_async_wget2 emscripten_wget"),
    (
        &[Clock],
        "emscripten_get_now emscripten_date_now _emscripten_get_now_is_monotonic _tzset_js _localtime_js _gmtime_js",
    ),
    (&[Clock], "_mktime_js _timegm_js emscripten_get_now_res clock_gettime"),
    (&[Random], "getentropy"),
    (&[Exit], "exit abort _abort_js __assert_fail proc_exit emscripten_force_exit _emscripten_throw_longjmp"),
    (
        &[Threads],
        "__pthread_create_js _emscripten_thread_mailbox_await emscripten_asm_const_async_on_main_thread",
    ),
    (&[Processes], "system posix_spawn"),
    (
        &[DynamicCode],
        "emscripten_run_script emscripten_run_script_int emscripten_run_script_string emscripten_async_run_script \
         _dlopen_js _dlsym_js _emscripten_dlopen_js _dlsym_catchup_js",
    ),
    (
        &[],
        "emscripten_resize_heap emscripten_memcpy_js _emscripten_memcpy_js emscripten_memcpy_big emscripten_get_heap_max",
    ),
    (
        &[],
        "__cxa_throw __cxa_begin_catch __cxa_end_catch __cxa_find_matching_catch_2 __cxa_find_matching_catch_3",
    ),
    (
        &[],
        "__cxa_rethrow __cxa_uncaught_exceptions __resumeException llvm_eh_typeid_for setTempRet0 getTempRet0",
    ),
    (&[], "_emscripten_runtime_keepalive_clear emscripten_notify_memory_growth segfault alignfault"),
];

const PREFIXES: [&str; 8] = [
    "emscripten_",
    "_emscripten_",
    "__syscall_",
    "__cxa_",
    "_embind_",
    "_emval_",
    "__asyncjs__",
    "__pthread_",
];

pub(super) fn of_import(
    module: &str,
    name: &str,
    _signature: &str,
) -> Option<(Interface, Option<Capabilities>)> {
    if module == "asm2wasm" {
        return Some((Interface::Emscripten, Some(Capabilities::NONE)));
    }
    if module != "env" {
        return None;
    }
    let found = match find(TABLE, name) {
        // Calls back into the module, around which JavaScript catches exceptions.
        None if name.starts_with("invoke_") => Some(Capabilities::NONE),
        // JavaScript that the program carries with it (EM_ASM, EM_JS, embind).
        None if ["emscripten_asm_const", "_embind_", "_emval_", "__asyncjs__"]
            .iter()
            .any(|p| name.starts_with(p)) =>
        {
            Some(Capabilities::of(&[JavaScript]))
        }
        found => found,
    };
    let ours = found.is_some() || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    ours.then_some((Interface::Emscripten, found))
}
