//! WASIX (<https://wasix.org/docs/api-reference>, Wasmer's `wasmer-wasix`): preview 1 and what is listed here.

use super::Group;
use crate::Capability::*;

pub(super) const TABLE: &[Group] = &[
    (&[Clock], "clock_time_set"),
    (&[ReadFiles, WriteFiles], "path_open2"),
    (&[], "fd_dup fd_dup2 fd_fdflags_get fd_fdflags_set fd_event fd_pipe chdir getcwd"),
    (&[Poll], "epoll_create epoll_ctl epoll_wait thread_sleep"),
    (&[], "futex_wait futex_wake futex_wake_all"),
    (&[Threads], "thread_spawn thread_spawn_v2"),
    (&[], "thread_id thread_join thread_exit thread_parallelism"),
    (&[Signals], "thread_signal callback_signal proc_raise_interval proc_signal"),
    (&[Signals], "proc_signals_get proc_signals_sizes_get"),
    (
        &[Processes],
        "proc_exec proc_exec2 proc_exec3 proc_exec4 proc_fork proc_fork_env proc_spawn proc_spawn2 proc_spawn3 proc_join",
    ),
    (&[], "proc_id proc_parent proc_snapshot"),
    (&[Exit], "proc_exit2"),
    (&[], "stack_checkpoint stack_restore context_create context_destroy context_switch"),
    (&[DynamicCode], "dlopen dlsym call_dynamic closure_allocate closure_free closure_prepare"),
    (&[], "dl_invalid_handle reflect_signature"),
    (&[Terminal], "tty_get tty_set"),
    (&[ResolveNames], "resolve"),
    (&[Connect], "sock_connect sock_send_to"),
    (&[Listen], "sock_bind sock_listen sock_accept_v2 sock_recv_from"),
    (
        &[Listen],
        "sock_join_multicast_v4 sock_join_multicast_v6 sock_leave_multicast_v4 sock_leave_multicast_v6",
    ),
    (&[], "sock_open sock_pair sock_addr_local sock_addr_peer sock_status sock_send_file"),
    (
        &[],
        "sock_get_opt_flag sock_get_opt_size sock_get_opt_time sock_set_opt_flag sock_set_opt_size sock_set_opt_time",
    ),
    (
        &[ConfigureNetwork],
        "port_addr_add port_addr_clear port_addr_list port_addr_remove port_bridge port_dhcp_acquire port_gateway_set \
         port_mac port_route_add port_route_clear port_route_list port_route_remove port_unbridge",
    ),
];
