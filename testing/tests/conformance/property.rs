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
