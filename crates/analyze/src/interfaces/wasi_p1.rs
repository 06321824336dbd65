//! WASI preview 1 (<https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md>), preview 0, which has the same
//! names, and what WasmEdge adds to its namespace.

use super::Group;
use crate::Capability::*;

pub(super) const TABLE: &[Group] = &[
    (&[Arguments], "args_get args_sizes_get"),
    (&[Environment], "environ_get environ_sizes_get"),
    (&[Clock], "clock_res_get clock_time_get"),
    (&[Random], "random_get"),
    (&[Exit], "proc_exit"),
    (&[Signals], "proc_raise"),
    (&[Poll], "poll_oneoff"),
    (&[], "sched_yield"),
    // What a descriptor allows was decided when it was opened.
    (&[Stdio], "fd_read fd_write fd_pread fd_pwrite"),
    (
        &[],
        "fd_advise fd_allocate fd_close fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights \
         fd_filestat_get fd_prestat_get fd_prestat_dir_name fd_renumber fd_seek fd_sync fd_tell",
    ),
    (&[WriteFiles], "fd_filestat_set_size fd_filestat_set_times"),
    (&[ListDirectories], "fd_readdir"),
    // Whether it is for reading or writing is an argument at run time.
    (&[ReadFiles, WriteFiles], "path_open"),
    (&[FileMetadata], "path_filestat_get path_readlink"),
    (
        &[WriteFiles],
        "path_create_directory path_filestat_set_times path_link path_remove_directory path_rename path_symlink \
         path_unlink_file",
    ),
    // Preview 1 can only use sockets that the host opened.
    (&[Listen], "sock_accept"),
    (&[Stdio], "sock_recv sock_send"),
    (&[], "sock_shutdown"),
    // WasmEdge: https://github.com/WasmEdge/WasmEdge/tree/master/lib/host/wasi
    (
        &[],
        "sock_open sock_open_v2 sock_getlocaladdr sock_getlocaladdr_v2 sock_getpeeraddr sock_getpeeraddr_v2",
    ),
    (&[], "sock_getsockopt sock_setsockopt sock_recv_v2 sock_send_v2"),
    (&[Connect], "sock_connect sock_connect_v2 sock_send_to sock_send_to_v2"),
    (
        &[Listen],
        "sock_bind sock_bind_v2 sock_listen sock_listen_v2 sock_accept_v2 sock_recv_from sock_recv_from_v2",
    ),
    (&[ResolveNames], "sock_getaddrinfo"),
];

/// wasi-threads (<https://github.com/WebAssembly/wasi-threads>).
pub(super) const THREADS: &[Group] = &[(&[Threads], "thread-spawn")];
