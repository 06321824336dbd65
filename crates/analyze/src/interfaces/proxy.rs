//! Proxy-Wasm (<https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1>): extensions of Envoy and other proxies.

use super::{Group, find};
use crate::Capabilities;
use crate::Capability::*;
use crate::facts::Interface;

const TABLE: &[Group] = &[
    (&[Logging], "proxy_log proxy_get_log_level"),
    (&[Clock], "proxy_get_current_time_nanoseconds"),
    (&[Poll], "proxy_set_tick_period_milliseconds"),
    (
        &[HttpClient],
        "proxy_http_call proxy_dispatch_http_call proxy_grpc_call proxy_grpc_stream proxy_grpc_send",
    ),
    (&[], "proxy_grpc_cancel proxy_grpc_close"),
    (
        &[HttpServer],
        "proxy_send_local_response proxy_send_http_response proxy_continue_request proxy_continue_response \
         proxy_continue_stream proxy_close_stream proxy_clear_route_cache",
    ),
    (
        &[HttpServer],
        "proxy_get_buffer_bytes proxy_get_buffer_status proxy_set_buffer_bytes proxy_add_header_map_value \
         proxy_get_header_map_pairs proxy_get_header_map_value proxy_get_header_map_size \
         proxy_remove_header_map_value proxy_replace_header_map_value proxy_set_header_map_pairs",
    ),
    (&[Configuration], "proxy_get_property proxy_set_property"),
    (&[Storage], "proxy_get_shared_data proxy_set_shared_data"),
    (
        &[Messaging],
        "proxy_register_shared_queue proxy_resolve_shared_queue proxy_dequeue_shared_queue proxy_enqueue_shared_queue",
    ),
    (&[Logging], "proxy_define_metric proxy_increment_metric proxy_record_metric proxy_get_metric"),
    (&[], "proxy_set_effective_context proxy_done proxy_get_status"),
    (&[CustomHostFunction], "proxy_call_foreign_function"),
];

pub(super) fn of_import(
    module: &str,
    name: &str,
    _signature: &str,
) -> Option<(Interface, Option<Capabilities>)> {
    (module == "env" && name.starts_with("proxy_")).then(|| (Interface::ProxyWasm, find(TABLE, name)))
}
