use super::extension::Gate;
use waxwing_testing::{HostBuilder, Request, json};

#[waxwing_testing::test(extension = Gate, hosts(native))]
fn a_token_is_needed(host: HostBuilder) {
    let host = host.config(json!({ "user": "ana" })).start();
    host.exchange(Request::get("/cart")).local_response().assert_status(401);
}
