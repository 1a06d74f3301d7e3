use super::*;

#[test]
fn attributes_in_each_callback() {
    let names = "request.path request.url_path request.query request.host request.scheme request.method request.referer \
        request.headers.x-a request.headers.X-A request.headers.nope request.protocol request.size request \
        request.nope response.code response.headers.:status response.trailers.x-end response.grpc_status response \
        source xds plugin_root_id nope nope.more mine a.b";
    let asked = names.split_whitespace().map(|name| {
        WAY.iter().chain(&["log"]).map(|callback| format!("{callback} property {name}\n")).collect::<String>()
    });
    let script = "request-headers set-property mine 1\nrequest-headers set-property a.b 2\n".to_owned()
        + &asked.collect::<String>();
    compare([scenario(&script).request(full()).request(without_body())]);
}

#[test]
fn tmp_all() {
    let script = r#"request-headers filter-state envoy.string abc request
request-headers filter-state envoy.hashable_string abc request
request-headers filter-state envoy.network.upstream_server_name abc request
request-headers filter-state envoy.network.application_protocols abc request
request-headers filter-state envoy.network.upstream_subject_alt_names abc request
request-headers filter-state envoy.tcp_proxy.cluster abc request
request-headers filter-state envoy.tcp_proxy.disable_tunneling true request
request-headers filter-state envoy.tcp_proxy.per_connection_idle_timeout_ms 100 request
request-headers filter-state envoy.filters.listener.original_dst.local_ip 127.0.0.1:80 request
request-headers filter-state envoy.upstream.dynamic_host abc request
request-headers filter-state envoy.upstream.dynamic_port 80 request
request-headers filter-state envoy.network.transport_socket.original_dst_address 127.0.0.1:80 request
request-headers filter-state envoy.ratelimit.hits_addend 3 request
request-headers filter-state envoy.stateful_session.x abc request
request-headers filter-state my.own abc request
request-headers filter-state wasm.mine abc request
request-headers foreign nope x
request-headers rawprop filter_state/envoy.string
log foreign nope x
log rawprop filter_state/envoy.string
request-headers foreign nope x
request-headers rawprop filter_state/envoy.hashable_string
log foreign nope x
log rawprop filter_state/envoy.hashable_string
request-headers foreign nope x
request-headers rawprop filter_state/envoy.network.upstream_server_name
log foreign nope x
log rawprop filter_state/envoy.network.upstream_server_name
request-headers foreign nope x
request-headers rawprop filter_state/envoy.network.application_protocols
log foreign nope x
log rawprop filter_state/envoy.network.application_protocols
request-headers foreign nope x
request-headers rawprop filter_state/envoy.network.upstream_subject_alt_names
log foreign nope x
log rawprop filter_state/envoy.network.upstream_subject_alt_names
request-headers foreign nope x
request-headers rawprop filter_state/envoy.tcp_proxy.cluster
log foreign nope x
log rawprop filter_state/envoy.tcp_proxy.cluster
request-headers foreign nope x
request-headers rawprop filter_state/envoy.tcp_proxy.disable_tunneling
log foreign nope x
log rawprop filter_state/envoy.tcp_proxy.disable_tunneling
request-headers foreign nope x
request-headers rawprop filter_state/envoy.tcp_proxy.per_connection_idle_timeout_ms
log foreign nope x
log rawprop filter_state/envoy.tcp_proxy.per_connection_idle_timeout_ms
request-headers foreign nope x
request-headers rawprop filter_state/envoy.filters.listener.original_dst.local_ip
log foreign nope x
log rawprop filter_state/envoy.filters.listener.original_dst.local_ip
request-headers foreign nope x
request-headers rawprop filter_state/envoy.upstream.dynamic_host
log foreign nope x
log rawprop filter_state/envoy.upstream.dynamic_host
request-headers foreign nope x
request-headers rawprop filter_state/envoy.upstream.dynamic_port
log foreign nope x
log rawprop filter_state/envoy.upstream.dynamic_port
request-headers foreign nope x
request-headers rawprop filter_state/envoy.network.transport_socket.original_dst_address
log foreign nope x
log rawprop filter_state/envoy.network.transport_socket.original_dst_address
request-headers foreign nope x
request-headers rawprop filter_state/envoy.ratelimit.hits_addend
log foreign nope x
log rawprop filter_state/envoy.ratelimit.hits_addend
request-headers foreign nope x
request-headers rawprop filter_state/envoy.stateful_session.x
log foreign nope x
log rawprop filter_state/envoy.stateful_session.x
request-headers foreign nope x
request-headers rawprop filter_state/my.own
log foreign nope x
log rawprop filter_state/my.own
request-headers foreign nope x
request-headers rawprop filter_state/wasm.mine
log foreign nope x
log rawprop filter_state/wasm.mine
request-headers filter-state envoy.string def request
request-headers rawprop filter_state/envoy.string
request-headers filter-state envoy.upstream.dynamic_port abc request
request-headers declare a
request-headers declare a
configure declare b read-only
configure declare b
configure declare c rw request
configure foreign nope x
configure filter-state envoy.string x
configure foreign clear_route_cache
configure property xds.node.id
configure property plugin_name
request-headers set-property b 1
request-headers property b
request-headers set-property b 2
request-headers property b
request-headers set-property c 1
log property c
log property b
request-headers set-property c 2
log set-property c 3
request-headers round-trip abc 100
configure round-trip abc 100
request-headers foreign uncompress abc
request-headers foreign compress
request-headers foreign clear_route_cache x
log foreign clear_route_cache
request-headers foreign set_envoy_filter_state xyz
request-headers foreign declare_property zzz
request-headers evaluate request.method
request-headers evaluate request.method_==_'POST'
request-headers evaluate source.port_>_1
request-headers evaluate nope
request-headers evaluate 1+
request-headers evaluate null
request-headers evaluate [1,2,3]
request-headers evaluate {'a':true}
request-headers evaluate {'a':'b'}
request-headers evaluate 1.5
request-headers evaluate ['a','b']
request-headers evaluate b'ab'
request-headers evaluate 1/0
request-headers evaluate request.headers
response-headers evaluate response.code
configure evaluate plugin_name
configure evaluate 1+1
request-headers foreign expr_evaluate abcd
request-headers foreign expr_evaluate ab
request-headers foreign expr_delete abcd
request-headers foreign expr_delete ab
request-headers foreign verify_signature abc
request-headers foreign sign abc
request-headers foreign verify_signature
request-headers evaluate request.time
request-headers evaluate duration('1.5s')
request-headers evaluate -5
request-headers evaluate 5u
request-headers evaluate request
request-headers evaluate connection.mtls
configure set-property b 1"#;
    compare([scenario(script).request(full())]);
}
