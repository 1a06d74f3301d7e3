use super::extension::Mirror;
use waxwing_testing::matching::any;
use waxwing_testing::{Host, Misuse, Request};

#[test]
fn nobody_waits_for_the_mirror() {
    let host = Host::builder::<Mirror>().allow(Misuse::DroppedCallout).start();
    host.upstream("audit").on(any()).times(1);

    host.exchange(Request::get("/cart")).response().assert_status(200);
}
