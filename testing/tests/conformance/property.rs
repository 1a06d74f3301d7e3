use super::*;

#[test]
fn attributes_in_each_callback() {
    let names = "request.path request.url_path request.query request.host request.scheme request.method request.referer \
        request.headers.x-a request.headers.X-A request.headers.nope request.protocol request.size request \
        request.nope response.code response.headers.:status response.trailers.x-end response.grpc_status response \
        source xds plugin_root_id nope nope.more mine a.b response.code_details response.flags response.size \
        connection.mtls connection.requested_server_name connection.tls_version connection.uri_san_peer_certificate \
        xds.node.id xds.cluster_name xds.cluster_metadata xds.route_name xds.route_metadata xds.virtual_host_name \
        xds.virtual_host_metadata xds.filter_chain_name xds.listener_metadata xds.listener_direction node.id \
        cluster_name metadata metadata.filter_metadata metadata.filter_metadata.a.b filter_state filter_state.a \
        request.headers.x-a.b upstream.nope xds.nope connection.nope";
    let asked = names.split_whitespace().map(|name| {
        WAY.iter().chain(&["log"]).map(|callback| format!("{callback} property {name}\n")).collect::<String>()
    });
    let script = "request-headers set-property mine 1\nrequest-headers set-property a.b 2\n".to_owned()
        + &asked.collect::<String>();
    compare([scenario("attributes in each callback", &script).request(full()).request(without_body())]);
}
